import { writeFile } from "node:fs/promises";
import { kinds, open } from "./site.ts";
import { expect, test } from "./watch.ts";

for (const kind of kinds.filter(({ name }) => name.endsWith("-center"))) {
  test(`${kind.name} on paper`, async ({ page }, { project }) => {
    await open(page, kind);
    await page.emulateMedia({ media: "print" });
    await expect(page.getByRole("note", { name: "演示数据" })).toBeVisible();
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("navigation", { name: "主导航" })).toBeHidden();
    await expect(page.locator(".clause")).toHaveCount(47);

    const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
    await writeFile(`${project.outputDir}/pages/${kind.name}.pdf`, pdf);
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  });
}
