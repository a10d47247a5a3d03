import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutant.ts";
import { stale } from "./mutant.ts";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The text of a file; nothing if there is no such file, so that an edit of it is found stale. */
export function readSource(file: string): string {
  const path = join(ROOT, file);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** A tree of its own, in which a mutant may do what it likes. */
export interface Copy {
  dir: string;
  /** Runs `use` while the mutant is in the tree. */
  mutated<T>(mutant: Mutant, use: () => Promise<T>): Promise<T>;
  remove(): void;
}

/** Copies what the tests need; what is installed is shared. */
export function copyTree(): Copy {
  const dir = mkdtempSync(join(tmpdir(), "holdfast-mutants-"));
  const filter = (path: string) => !["node_modules", "dist", ".git"].includes(basename(path));
  for (const part of ["src", "adapters", "test", "package.json", "tsconfig.json", "vitest.config.ts"]) {
    cpSync(join(ROOT, part), join(dir, part), { recursive: true, filter });
  }
  symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
  // Its cache is its own: node_modules is shared with the other copy and with the original.
  const config = `import base from "./vitest.config.ts";\nexport default { ...base, cacheDir: "./.cache" };\n`;
  writeFileSync(join(dir, "mutants.config.ts"), config);

  return {
    dir,
    async mutated(mutant, use) {
      const wrong = stale(mutant, readSource);
      if (wrong.length) throw new Error(wrong.join("\n"));
      try {
        for (const { file, find, put } of mutant.edits) {
          const path = join(dir, file);
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(
            path,
            readFileSync(path, "utf8").replace(find, () => put),
          );
        }
        return await use();
      } finally {
        for (const { file } of mutant.edits) cpSync(join(ROOT, file), join(dir, file));
      }
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
