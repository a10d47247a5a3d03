import { describe, expect, test } from "vitest";
import { eventData } from "../../adapters/support/sse.ts";

function read(...pieces: string[]): string[] {
  const read: string[] = [];
  const feed = eventData((data) => read.push(data));
  for (const piece of pieces) feed(piece);
  return read;
}

describe("server-sent events", () => {
  test("the data of each event, whatever ends the lines", () => {
    expect(read("data: one\n\ndata: two\r\n\r\ndata:three\r\rdata:  four\n\n")).toEqual([
      "one",
      "two",
      "three",
      " four",
    ]);
  });

  test("several lines of data are one text; no data is no event; what has no empty line after it is none yet", () => {
    expect(read("data: one\ndata\ndata: two\n\n\n\ndata: three\n")).toEqual(["one\n\ntwo"]);
  });

  test("comments and other fields are passed over", () => {
    const others = ": ping\nevent: message\nid: 7\nretry: 100\ndatum: no\n data: no\n";
    expect(read(`:\n\n${others}\n${others}data: yes\n${others}\n`)).toEqual(["yes"]);
  });

  test("cut anywhere, they are the same", () => {
    const text = ": hello\r\ndata: a,b,1\r\ndata: more\r\n\r\ndata: c\n\n\rdata: d\r\r:\n";
    const whole = read(text);
    expect(whole).toEqual(["a,b,1\nmore", "c", "d"]);
    expect(read(...text)).toEqual(whole);
    for (let one = 0; one < text.length; one++) {
      for (let two = one; two < text.length; two++) {
        expect(read(text.slice(0, one), text.slice(one, two), text.slice(two))).toEqual(whole);
      }
    }
  });
});
