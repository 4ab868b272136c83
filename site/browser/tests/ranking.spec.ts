import { expect, test } from "./watch.ts";

const rows = "table.centers tbody tr";

test("the ranking's search narrows the rows", async ({ page }) => {
  await page.goto("ranking.html");
  const all = await page.locator(rows).count();
  const shown = page.locator(`${rows}:visible`);
  const status = page.getByRole("status");
  await expect(status).toHaveText(`${all} 家`);

  const last = page.locator(rows).last();
  const name = await last.getByRole("rowheader").innerText();
  const district = await last.getByRole("cell").nth(1).innerText();

  const search = page.getByLabel("按名称查找");
  await search.fill(name.slice(0, 3));
  await expect(status).not.toHaveText(`${all} 家`);
  await expect(last).toBeVisible();
  for (const text of await shown.allInnerTexts()) expect(text).toContain(name.slice(0, 3));
  await expect(status).toHaveText(`${await shown.count()} 家`);

  await search.fill("没有这样的名称");
  await expect(shown).toHaveCount(0);
  await expect(status).toHaveText("没有符合的中心");

  await search.fill("");
  await page.getByRole("combobox", { name: /^区/ }).selectOption(district);
  const inDistrict = await shown.count();
  expect(inDistrict).toBeGreaterThan(0);
  expect(inDistrict).toBeLessThan(all);
  for (const text of await shown.allInnerTexts()) expect(text).toContain(district);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the ranking is complete", async ({ page }) => {
    await page.goto("ranking.html");
    const lead = await page.locator(".lead").innerText();
    const centers = Number(/全部 (\d+) 家中心/.exec(lead)?.[1]);
    expect(centers).toBeGreaterThan(16);
    await expect(page.locator(`${rows}:visible`)).toHaveCount(centers);

    // In place of the search, a way to each district.
    const jump = page.getByRole("navigation", { name: "各区最前的一家" });
    await expect(jump.getByRole("link")).toHaveCount(16);
    await jump.getByRole("link").last().click();
    await expect(page.locator(`${rows}:target`)).toBeInViewport();
    await expect(page.getByRole("searchbox")).toHaveCount(0);
  });
});
