import type { Page } from "@playwright/test";
import { kinds, open } from "./site.ts";
import { expect, test } from "./watch.ts";

for (const kind of kinds) {
  test(`${kind.name} by keyboard`, async ({ page, missing, baseURL }) => {
    if (kind.status === 404) missing.add(new URL(String(kind.at), baseURL).href);
    await open(page, kind);

    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "跳到正文" });
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport({ ratio: 1 });
    expect(await focusIsSeen(page)).toBe(true);

    await page.keyboard.press("Enter");
    await expect(page.getByRole("main")).toBeFocused();
    await page.keyboard.press("Tab");
    const next = page.locator(":focus");
    await expect(next, "the skip link leads past the navigation").toBeInViewport();
    expect(await next.evaluate((e) => document.getElementById("main")?.contains(e))).toBe(true);
  });
}

test("focus is seen wherever it goes", async ({ page }) => {
  await page.goto("ranking.html");
  for (let stop = 0; stop < 20; stop++) {
    await page.keyboard.press("Tab");
    await expect(page.locator(":focus")).toBeInViewport();
    expect(await focusIsSeen(page), `stop ${stop}`).toBe(true);
  }
});

/** Whether what has the focus wears the focus ring. */
async function focusIsSeen(page: Page): Promise<boolean> {
  return page.locator(":focus").evaluate((element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle === "solid" && Number.parseFloat(style.outlineWidth) >= 2;
  });
}
