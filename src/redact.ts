/** The text without lock tokens, credentials in addresses, and bearer tokens. */
export function redact(text: string): string {
  return text
    .replace(/t[\w-]{22}(?![\w-])/g, "<token>")
    .replace(/(:\/\/)[^\s"']*@|(Bearer )[^\s"']+/gi, "$1$2<secret>@");
}

/** What was thrown, and why, as one text that is safe to show: clients put whole commands into their messages. */
export function describe(thrown: unknown, depth = 3): string {
  try {
    const { message, code, cause, errors } = Object(thrown);
    const why = cause ?? errors?.[0];
    // @upstash/redis appends the whole command, script and all.
    const text = `${message || code || thrown}`.replace(/, command was:[\s\S]*/, "");
    return redact(text) + (why && depth ? `: ${describe(why, depth - 1)}` : "");
  } catch {
    return "an error that cannot be shown";
  }
}
