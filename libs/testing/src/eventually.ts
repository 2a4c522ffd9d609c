/** How long a condition may stay false before the spec is given up; generous, because machines are slow at times. */
const LIMIT_MS = 20_000;

/**
 * Waits until a condition holds, looking again whenever the event loop has turned: for effects that no promise tells of.
 * @throws Error that names the condition when it never holds
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = LIMIT_MS,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it never came true that ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A promise that a test settles by hand. */
export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
