import type { Locator } from "@playwright/test";
import { expect, test } from "./watch.ts";

/** Hundredths of a point, as a page shows them: with a minus of its own. */
function hundredths(text: string): number {
  const number = Number(text.replace("−", "-").replace("+", ""));
  expect(number, text).not.toBeNaN();
  return Math.round(number * 100);
}

test("what moved a total adds up to the difference", async ({ page }) => {
  await page.goto("changes.html");
  const centers = page.locator(".moved tbody");
  expect(await centers.count()).toBeGreaterThan(0);
  const cell = (row: Locator, n: number) => row.getByRole("cell").nth(n).innerText();
  for (const center of await centers.all()) {
    const head = center.locator(".moved-center");
    const [before, after] = (await cell(head, 0)).replace("变为", "").split("→");
    const difference = hundredths(await cell(head, 1));
    expect(hundredths(String(after)) - hundredths(String(before))).toBe(difference);
    let sum = 0;
    for (const event of await center.locator(".moved-by").all()) sum += hundredths(await cell(event, 1));
    expect(sum).toBe(difference);
    expect(hundredths(await cell(center.locator(".moved-sum"), 1))).toBe(difference);
  }
});

test("a change leads to the appeal that it came about by", async ({ page }) => {
  await page.goto("changes.html");
  await page.getByRole("link", { name: "申诉和决定" }).first().click();
  const appeal = page.locator(".appeal:target");
  await expect(appeal).toBeInViewport();
  await expect(appeal).toContainText("决定理由");
  await expect(appeal).toContainText(/支持，共恢复 \d+\.\d\d 分/);
});

test("each appeal on the list is where the list says, in the same state", async ({ page }) => {
  await page.goto("appeals.html");
  const states = page.locator(".listed td:nth-of-type(2) a");
  const counted = page.getByLabel("申诉概况").getByText(/^\d+ ?件$/);
  expect(await states.count()).toBe(Number.parseInt(await counted.innerText(), 10));
  const seen = new Map<string, string>(); // one of each state
  for (const link of await states.all()) seen.set(await link.innerText(), String(await link.getAttribute("href")));
  expect(seen.size).toBeGreaterThan(1);
  for (const [state, href] of seen) {
    await page.goto(href);
    const appeal = page.locator(".appeal:target");
    await expect(appeal).toBeInViewport();
    await expect(appeal.locator(".mark")).toHaveText(state);
    if (state === "申诉中") await expect(page.locator(".total-pending, .found").getByText("申诉中").first()).toBeVisible();
  }
});
