/** Takes server-sent events in pieces, cut anywhere, and hands out the data of each as soon as it is whole. */
export function eventData(onData: (data: string) => void): (piece: string) => void {
  let unread = "";
  let data: string[] = [];
  return (piece) => {
    // A carriage return at the end may be half of a line's end.
    const lines = (unread + piece).split(/\r\n|\n|\r(?!$)/);
    unread = lines.pop() as string;
    for (const line of lines) {
      const [, value] = /^data(?:: ?|$)(.*)/s.exec(line) ?? [];
      if (value !== undefined) data.push(value);
      if (line !== "" || !data.length) continue;
      onData(data.join("\n"));
      data = [];
    }
  };
}
