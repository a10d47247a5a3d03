import type { Browser, Page } from "playwright-core";

export type Rgb = [number, number, number];

/** A run of one colour in a line of pixels. */
export interface Run {
  from: number;
  to: number;
}

export interface Screenshot {
  width: number;
  height: number;
  at(x: number, y: number): Rgb;
  /** Where a colour begins and ends on a line. */
  runs(y: number, colour: Rgb, from: number, to: number): Run[];
}

/** The whole page as pixels. Chromium decodes the PNG itself, on a blank page. */
export async function look(page: Page, browser: Browser): Promise<Screenshot> {
  const png = (await page.screenshot({ fullPage: true })).toString("base64");
  const blank = await browser.newPage();
  const decoded = await blank.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let binary = "";
    for (let i = 0; i < data.length; i += 32_768) binary += String.fromCharCode(...data.subarray(i, i + 32_768));
    return { width: image.width, height: image.height, data: btoa(binary) };
  }, png);
  await blank.close();

  const { width, height } = decoded;
  const data = Buffer.from(decoded.data, "base64");
  function at(x: number, y: number): Rgb {
    const i = 4 * (Math.round(y) * width + Math.round(x));
    return [data[i]!, data[i + 1]!, data[i + 2]!];
  }
  return {
    width,
    height,
    at,
    runs(y, colour, from, to) {
      const runs: Run[] = [];
      for (let x = Math.ceil(from); x < to; x++) {
        const last = runs.at(-1);
        if (!same(at(x, y), colour)) continue;
        if (last?.to === x) last.to = x + 1;
        else runs.push({ from: x, to: x + 1 });
      }
      return runs;
    },
  };
}

function same(one: Rgb, other: Rgb): boolean {
  return one.every((value, index) => Math.abs(value - other[index]!) <= 3);
}

/** Relative luminance as WCAG 2 defines it, from 0 to 1. */
export function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(one: Rgb, other: Rgb): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}
