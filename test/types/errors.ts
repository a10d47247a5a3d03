/** Checked by tsc and never run: a caught error is narrowed to what can be done about it. */
import { expectTypeOf } from "vitest";
import {
  isLockError,
  type LockBackendError,
  type LockClosedError,
  type LockError,
  type LockErrorCode,
  type LockEvent,
  type LockLostError,
  type LockOptionsError,
  type LockTimeoutError,
  type LostReason,
} from "../../src/index.ts";

declare const caught: unknown;

type Any = LockTimeoutError | LockLostError | LockBackendError | LockOptionsError | LockClosedError;

if (isLockError(caught)) {
  expectTypeOf(caught).toEqualTypeOf<Any>();
  expectTypeOf<typeof caught.code>().toEqualTypeOf<LockErrorCode>();
  if (caught.code === "LOST") expectTypeOf(caught).toEqualTypeOf<LockLostError>();
} else {
  expectTypeOf(caught).toBeUnknown();
}

if (isLockError(caught, "TIMEOUT")) {
  expectTypeOf(caught).toEqualTypeOf<LockTimeoutError>();
  expectTypeOf(caught.holder).toEqualTypeOf<string | undefined>();
  expectTypeOf(caught.waited).toEqualTypeOf<number>();
}
if (isLockError(caught, "LOST")) expectTypeOf(caught.reason).toEqualTypeOf<LostReason>();
if (isLockError(caught, "LOST")) expectTypeOf(caught.result).toBeUnknown();
if (isLockError(caught, "BACKEND")) expectTypeOf(caught.errors).toEqualTypeOf<readonly Error[]>();
if (isLockError(caught, "OPTIONS")) expectTypeOf(caught).toEqualTypeOf<LockOptionsError>();
if (isLockError(caught, "CLOSED")) expectTypeOf(caught).toEqualTypeOf<LockClosedError>();

// @ts-expect-error: no such code
isLockError(caught, "BUSY");

declare const code: LockErrorCode;
/** A new code makes this stop compiling, as it would a user's exhaustive switch. */
export function advice(): string {
  switch (code) {
    case "TIMEOUT":
    case "LOST":
    case "BACKEND":
    case "OPTIONS":
    case "CLOSED":
      return code;
  }
}

expectTypeOf<LockError>().toExtend<Error>();
expectTypeOf<LockEvent["error"]>().toEqualTypeOf<LockLostError | LockBackendError | undefined>();
expectTypeOf<Extract<LockEvent, { type: "lost" }>["error"]>().toEqualTypeOf<LockLostError>();
expectTypeOf<Extract<LockEvent, { type: "lost" }>["reason"]>().toEqualTypeOf<LostReason>();
expectTypeOf<Extract<LockEvent, { type: "failed" }>["error"]>().toEqualTypeOf<LockBackendError>();
expectTypeOf<Extract<LockEvent, { type: "failed" }>["during"]>().toEqualTypeOf<
  "acquire" | "renew" | "release" | "clean-up"
>();
expectTypeOf<
  Extract<LockEvent, { type: "waiting" | "acquired" | "renewed" | "released" }>["error"]
>().toEqualTypeOf<undefined>();
expectTypeOf<LockEvent>().not.toHaveProperty("token");
