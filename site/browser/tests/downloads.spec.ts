import { readFile } from "node:fs/promises";
import { expect, test } from "./watch.ts";

const notice = "演示数据，非真实评估结果 / demo data";

for (const table of ["centers", "districts", "clauses"]) {
  test(`${table}-demo.csv says that it is a demo`, async ({ page, request }) => {
    await page.goto("data.html");
    const link = page.getByRole("link", { name: `下载 ${table}-demo.csv` });

    const answer = await request.head(await link.evaluate((a: HTMLAnchorElement) => a.href));
    expect(answer.headers()["content-type"]).toBe("text/csv; charset=utf-8");
    expect(answer.headers()["content-disposition"]).toBe(`attachment; filename="${table}-demo.csv"`);

    const coming = page.waitForEvent("download");
    await link.click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe(`${table}-demo.csv`);
    const text = await readFile(await download.path(), "utf8");
    expect(text.startsWith("\ufeffdata_notice,"), "byte order mark, then the notice's column").toBe(true);
    const rows = text.trimEnd().split(/\r?\n/).slice(1);
    expect(rows.length).toBeGreaterThanOrEqual(16);
    expect(rows.filter((row) => !row.startsWith(`${notice},`))).toEqual([]);
  });
}
