import { AxeBuilder } from "@axe-core/playwright";
import { orphans, overflow, withoutCaption } from "./layout.ts";
import { kinds, open } from "./site.ts";
import { expect, test } from "./watch.ts";

const wcag22 = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];

for (const kind of kinds) {
  test(`${kind.name} looks right`, async ({ page, missing, baseURL }, { project }) => {
    if (kind.status === 404) missing.add(new URL(String(kind.at), baseURL).href);
    const response = await open(page, kind);
    expect(response.status()).toBe(kind.status ?? 200);
    await expect(page).toHaveTitle(kind.title);
    await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);

    const notice = page.getByRole("note", { name: "演示数据" });
    await expect(notice).toContainText("演示数据，非真实评估结果");
    await expect(notice, "the demo notice is seen first").toBeInViewport({ ratio: 1 });

    if (!project.name.startsWith("zoom")) {
      const picture = `${project.outputDir}/pages/${kind.name}-${project.name}.png`;
      await page.screenshot({ path: picture, fullPage: true, caret: "initial" });
    }

    expect(await overflow(page), "pixels wider than the window").toBeLessThanOrEqual(0);
    expect(await orphans(page), "headings that leave a character alone").toEqual([]);
    expect(await withoutCaption(page), "tables without a caption").toEqual([]);

    const { violations, passes } = await new AxeBuilder({ page }).withTags(wcag22).analyze();
    expect(violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
    expect(passes.map((p) => p.id)).toEqual(expect.arrayContaining(["color-contrast", "target-size", "html-has-lang"]));
  });
}
