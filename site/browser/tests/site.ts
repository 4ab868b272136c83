import type { Page, Response } from "@playwright/test";

/** A kind of page: one of each is looked at. */
export interface Kind {
  name: string;
  /** Where it is, or the link that leads there: names follow from the data. */
  at: string | { page: string; link: string };
  title: RegExp;
  status?: number;
}

export const kinds: Kind[] = [
  { name: "home", at: "index.html", title: /^【演示】.+ · 明鉴$/ },
  { name: "ranking", at: "ranking.html", title: /^【演示】排名 · .+ · 明鉴$/ },
  { name: "districts", at: "districts/index.html", title: /^【演示】各区 · .+ · 明鉴$/ },
  { name: "district", at: "districts/310115.html", title: /^【演示】浦东新区 · .+ · 明鉴$/ },
  { name: "best-center", at: centerOf("tr:first-child"), title: /^【演示】.+中心.* · .+ · 明鉴$/ },
  { name: "last-center", at: centerOf("tr:last-child"), title: /^【演示】.+中心.* · .+ · 明鉴$/ },
  { name: "criteria", at: "criteria.html", title: /^【演示】.+ · 明鉴$/ },
  { name: "appealed-center", at: { page: "appeals.html", link: ".listed tbody tr:last-child th a" }, title: /^【演示】.+中心.* · .+ · 明鉴$/ },
  { name: "appeals", at: "appeals.html", title: /^【演示】申诉统计 · .+ · 明鉴$/ },
  { name: "changes", at: "changes.html", title: /^【演示】更正记录 · .+ · 明鉴$/ },
  { name: "data", at: "data.html", title: /^【演示】数据下载 · .+ · 明鉴$/ },
  // Deep down, where a page's links are the easiest to get wrong.
  { name: "not-found", at: "centers/no/such.html", title: /^【演示】没有这个页面 · .+ · 明鉴$/, status: 404 },
];

function centerOf(row: string): Kind["at"] {
  return { page: "ranking.html", link: `table.centers tbody ${row} th a` };
}

/** Opens the kind's page and returns the answer to the request for it. */
export async function open(page: Page, kind: Kind): Promise<Response> {
  let address = kind.at;
  if (typeof address !== "string") {
    await page.goto(address.page);
    address = await page.locator(address.link).evaluate((link: HTMLAnchorElement) => link.href);
  }
  const response = await page.goto(address);
  if (!response) throw new Error(`${address}: no response`);
  return response;
}
