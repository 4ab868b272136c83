import process from "node:process";
import { defineConfig } from "@playwright/test";
import { chromium, siteAddress } from "./chromium.ts";

// Looks are tested at four widths; what a page does, once, on the desktop.
const looks = "pages.spec.ts";

export default defineConfig({
  testDir: "tests",
  outputDir: process.env["RESULTS"] ?? "test-results",
  forbidOnly: true,
  fullyParallel: false,
  workers: 1,
  retries: 0, // a test that passes the second time has failed
  timeout: 120_000, // machines are slow at times
  expect: { timeout: 60_000 },
  reporter: "list",
  use: {
    baseURL: siteAddress(),
    browserName: "chromium",
    launchOptions: chromium,
    locale: "zh-CN",
    timezoneId: "Asia/Shanghai",
    serviceWorkers: "block",
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "desktop", use: { viewport: { width: 1280, height: 900 } } },
    { name: "phone", testMatch: [looks, "keyboard.spec.ts"], use: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true } },
    // A window 1280 wide under the browser's zoom has so many CSS pixels left.
    { name: "zoom 200%", testMatch: looks, use: { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 } },
    { name: "zoom 400%", testMatch: looks, use: { viewport: { width: 320, height: 256 }, deviceScaleFactor: 1 } },
  ],
});
