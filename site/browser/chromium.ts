import process from "node:process";
import type { LaunchOptions } from "@playwright/test";

/** The system's own Chromium, which can reach this machine and nothing else. */
export const chromium: LaunchOptions = {
  executablePath: "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox", // as root, in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
};

/** The address of the site that runs; .ci/browser starts it and says where. */
export function siteAddress(): string {
  const address = process.env["SITE_URL"];
  if (!address) throw new Error("SITE_URL is not set: run .ci/browser, which starts a site and sets it");
  return address.endsWith("/") ? address : `${address}/`;
}
