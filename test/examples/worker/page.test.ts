import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bar, bars, focused, number, patience, tabTo, until } from "./page.ts";
import { contrast, look, luminance } from "./screenshot.ts";
import { type Stage, startStage } from "./stage.ts";

let stage: Stage;

// Installing a browser, where there is none, takes minutes.
beforeAll(async () => {
  stage = await startStage();
}, 600_000);

afterAll(() => stage?.stop());

const of = (all: Bar[], kind: string): Bar[] => all.filter((bar) => bar.kind === kind).sort((a, b) => a.from - b.from);

function expectOneAtATime(holding: Bar[]): void {
  for (const [index, bar] of holding.entries()) {
    const next = holding[index + 1];
    if (next) expect(next.from, `${next.request} after ${bar.request}`).toBeGreaterThanOrEqual(bar.to);
  }
}

describe.concurrent.each([
  { name: "light and wide", dark: false, width: 1200 },
  { name: "dark and narrow", dark: true, width: 360 },
])("$name", ({ dark, width }) => {
  test("five requests: one holds at a time, and the pixels say so", { timeout: 60_000 }, async () => {
    const { page, errors, asked } = await stage.visit(`?name=pixels-${width}&work=600&ttl=5000`, { dark, width });
    await page.getByRole("button", { name: "Start 5" }).click();
    await until(page, { done: 2 });
    await page.getByRole("button", { name: "Hold still" }).click();

    const drawn = await bars(page);
    const shot = await look(page, stage.browser);
    expect(shot.width).toBe(width);
    const ground = luminance(shot.at(2, 2));
    if (dark) expect(ground).toBeLessThan(0.05);
    else expect(ground).toBeGreaterThan(0.8);

    const holding = of(drawn, "holding");
    expect(holding.length).toBeGreaterThanOrEqual(2);
    expectOneAtATime(holding);
    const runs = holding.map((bar) => {
      // Above the thin bars and the marks of renewals; below the rounded corners.
      const y = bar.box.top + 4;
      const found = shot.runs(y, bar.colour, bar.track.left, bar.track.right);
      expect(found, `${bar.request} in the picture`).toHaveLength(1);
      const run = found[0]!;
      expect(Math.abs(run.from - bar.box.left)).toBeLessThanOrEqual(2);
      expect(Math.abs(run.to - bar.box.right)).toBeLessThanOrEqual(2);
      expect(contrast(bar.colour, shot.at(bar.track.right - 8, y))).toBeGreaterThan(3);
      return run;
    });
    for (const [index, run] of runs.entries()) {
      if (runs[index + 1]) expect(runs[index + 1]!.from).toBeGreaterThanOrEqual(run.to - 1);
    }
    for (const bar of of(drawn, "waiting").filter(({ box }) => box.right - box.left > 8)) {
      const middle = (bar.box.top + bar.box.bottom) / 2;
      expect(shot.runs(middle, bar.colour, bar.box.left, bar.box.right)).toHaveLength(1);
      expect(shot.runs(bar.box.top - 5, bar.colour, bar.box.left, bar.box.right)).toEqual([]);
    }

    await page.getByRole("button", { name: "Hold still" }).click();
    await until(page, { done: 5 });
    expectOneAtATime(of(await bars(page), "holding"));
    const fences = await page.locator("[data-fence]").evaluateAll((all) => all.map((one) => one.dataset.fence));
    expect(fences).toHaveLength(5);
    expect(fences).toEqual([...new Set(fences)].sort());
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(new Set(asked.map(({ host }) => host))).toEqual(new Set([stage.site.url.host]));
    expect(errors).toEqual([]);
    await page.close();
  });
});

test.concurrent("a killed holder releases nothing: the next one waits for the ttl", { timeout: 60_000 }, async () => {
  const { page, errors } = await stage.visit("?name=killed&work=20000&ttl=5000", { still: true });
  await page.getByRole("button", { name: "Start 1" }).click();
  await until(page, { holding: 1 });
  await page.getByRole("button", { name: "Start 1" }).click();
  await until(page, { waiting: 1 });
  await page.getByRole("button", { name: "Kill #1" }).click();
  expect(await stage.client.send("EXISTS", "lock:killed")).toBe(1);
  await until(page, { orphaned: 1, holding: 1 });

  const drawn = await bars(page);
  const [first, second] = of(drawn, "holding");
  const [orphan] = of(drawn, "orphaned");
  expect(orphan).toMatchObject({ request: "#1", from: first!.to });
  expect(orphan!.to).toBeGreaterThan(orphan!.from);
  expect(second).toMatchObject({ request: "#2" });
  expect(second!.from).toBeGreaterThanOrEqual(orphan!.to);
  await page.getByRole("button", { name: "Hold still" }).click();
  const shot = await look(page, stage.browser);
  const { box } = of(await bars(page), "orphaned")[0]!;
  const border = shot.at(box.left + 6, box.top + 1);
  expect(border[0]).toBeGreaterThan(border[1] * 2);

  // Who only waited leaves nothing behind.
  await page.getByRole("button", { name: "Start 1" }).click();
  await until(page, { waiting: 1 });
  await page.getByRole("button", { name: "Kill #3" }).click();
  await until(page, { gone: 1 });
  await page.getByRole("button", { name: "Kill it" }).click();
  await until(page, { orphaned: 2 });
  expect(errors).toEqual([]);
  await page.close();
});

test.concurrent("a stopped holder writes too late, and is refused by its fence", { timeout: 60_000 }, async () => {
  const { page, errors } = await stage.visit("?name=stopped&work=20000&ttl=5000&stop=9000", { still: true });
  await page.getByRole("button", { name: "Start 1" }).click();
  await until(page, { holding: 1 });
  await page.getByRole("button", { name: "Stop it" }).click();
  await page.getByRole("button", { name: "Start 1" }).click();
  await until(page, { refused: 1 });
  expect(await number(page, "refused")).toBe(1);
  expect(await page.locator('.request[data-state="refused"] h3').textContent()).toBe("#1");
  await until(page, { holding: 1 });
  expectOneAtATime(of(await bars(page), "holding"));
  expect(errors).toEqual([]);
  await page.close();
});

test.concurrent("everything can be done with the keyboard, and has a name", { timeout: 60_000 }, async () => {
  const { page, errors } = await stage.visit("?name=keys&work=20000&ttl=10000", { still: true });
  const order: string[] = [];
  for (let presses = 0; presses < 7; presses++) {
    await page.keyboard.press("Tab");
    order.push(await focused(page));
    const outline = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const visible = element instanceof HTMLInputElement ? (element.nextElementSibling as Element) : element;
      return getComputedStyle(visible).outlineStyle;
    });
    expect(outline, `the focus on ${order.at(-1)} is visible`).toBe("solid");
  }
  expect(order).toEqual(["Start 1", "Start 5", "Kill it", "Stop it", "none", "Hold still", "Clear finished"]);
  const unnamed = await page
    .locator("button, input")
    .evaluateAll(
      (all) =>
        all.filter((one) => !(one.ariaLabel || one.textContent || (one as HTMLInputElement).labels?.[0]?.textContent))
          .length,
    );
  expect(unnamed).toBe(0);

  await page.locator("body").press("Home");
  await tabTo(page, "none");
  await page.keyboard.press("ArrowRight");
  expect(await focused(page)).toBe("300 ms");
  await tabTo(page, "Start 1");
  await page.keyboard.press("Enter");
  await until(page, { holding: 1 });
  const [waited] = of(await bars(page), "waiting");
  expect(waited!.to - waited!.from).toBeGreaterThanOrEqual(290);
  await page.keyboard.press("Space");
  await until(page, { waiting: 1 });

  await tabTo(page, "Hold still");
  await page.keyboard.press("Space");
  expect(await page.locator("#freeze").getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.press("Enter");
  expect(await page.locator("#freeze").getAttribute("aria-pressed")).toBe("false");

  // The button goes away with the request, and the focus stays where it was.
  await tabTo(page, "Kill #2");
  await page.keyboard.press("Enter");
  await until(page, { gone: 1 });
  expect(await page.evaluate(() => document.activeElement?.querySelector("h3")?.textContent)).toBe("#2");
  await tabTo(page, "Kill it");
  await page.keyboard.press("Space");
  await until(page, { orphaned: 1 });
  expect(await focused(page)).toBe("Kill it");
  await tabTo(page, "Clear finished");
  await page.keyboard.press("Enter");
  await page
    .locator(".request")
    .first()
    .waitFor({ state: "detached", ...patience });

  const log = page.getByRole("log", { name: "What happened" });
  expect(await log.getAttribute("aria-live")).toBe("polite");
  expect(await log.textContent()).toMatch(/#1 got the name.*#2 went away.*#1 vanished while holding/);
  const transition = await page.locator("#start-1").evaluate((one) => getComputedStyle(one).transitionDuration);
  expect(transition).toBe("0s");
  expect(errors).toEqual([]);
  await page.close();
});
