import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";

const picture = fileURLToPath(new URL("../../../docs/images/home.png", import.meta.url));

test("docs/images/home.png", async ({ page }) => {
  await page.goto("index.html");
  await page.screenshot({ path: picture, caret: "initial" });
  expect((await stat(picture)).size, "bytes in the README's picture").toBeLessThan(300_000);
});
