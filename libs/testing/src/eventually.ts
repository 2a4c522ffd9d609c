/** How long a condition may stay false before the spec is given up; generous, because machines are slow at times. */
const LIMIT_MS = 20_000;

/** After so many looks the wait is for another process, which needs the CPU more than the next look does. */
const EAGER_LOOKS = 100;
const PAUSE_MS = { shortest: 10, longest: 100 } as const;
/** The longer it has waited the seldomer it looks: that adds two percent to the wait, and a look may be a query. */
const PAUSE_SHARE = 0.02;

/**
 * Waits until a condition holds, for effects that no promise tells of. It looks again whenever the event loop has turned,
 * and after {@link EAGER_LOOKS} at intervals.
 * @throws Error that names the condition when it never holds
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = LIMIT_MS,
): Promise<void> {
  const started = performance.now();
  for (let looks = 1; !(await holds()); looks += 1) {
    const waitedMs = performance.now() - started;
    if (waitedMs > limitMs) throw new Error(`it never came true that ${what}`);
    await new Promise((resolve) => {
      if (looks < EAGER_LOOKS) setImmediate(resolve);
      else
        setTimeout(resolve, Math.min(PAUSE_MS.longest, Math.max(PAUSE_MS.shortest, waitedMs * PAUSE_SHARE)));
    });
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
