import type { Frame } from '#libs/plugin-sdk';

/** A column by its name, or by the same name in other letters: sources spell `CLOSE`, `Close` and `close`. */
export function columnNamed(frame: Frame, name: string): Float64Array | undefined {
  const exact = frame.columns.get(name);
  if (exact) return exact;
  const spelled = frame.names.find((one) => one.toLowerCase() === name.toLowerCase());
  return spelled === undefined ? undefined : frame.columns.get(spelled);
}
