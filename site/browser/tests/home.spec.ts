import { expect, test } from "./watch.ts";

test("each district's tile leads to the district", async ({ page }) => {
  await page.goto("index.html");
  const tiles = page.locator(".tiles a");
  await expect(tiles).toHaveCount(16);
  for (let i = 0; i < 16; i++) {
    const tile = tiles.nth(i);
    const name = await tile.locator("span").first().innerText();
    const mean = await tile.locator(".num").innerText();
    await tile.click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(new RegExp(`^${name}(新)?区$`));
    await expect(page.getByLabel("本区概况")).toContainText(mean);
    await page.goBack();
  }
});

test("the navigation leads everywhere and says where it is", async ({ page }) => {
  await page.goto("index.html");
  for (const entry of ["排名", "各区", "标准", "申诉", "更正", "数据", "首页"]) {
    const way = page.getByRole("navigation", { name: "主导航" }).getByRole("link", { name: entry, exact: true });
    await way.click();
    await expect(way).toHaveAttribute("aria-current", "page");
  }
});
