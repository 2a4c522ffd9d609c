/** Since 1.30 ONNX Runtime for Linux reports its use to its maker, and keeps an identifier under `~/.cache`, unless this is set. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/** The environment of a process that only compiles: empty but for the switch. */
export const SILENT_ENVIRONMENT: Readonly<Record<string, string>> = { [SWITCH]: '1' };

/**
 * Keeps ONNX Runtime from reporting. It reads the switch from the process's environment when its first session opens, so
 * this comes before; in a worker thread the environment is a copy and nothing that is set there would reach it.
 */
export function forbidReports(): void {
  process.env[SWITCH] ??= '1';
}
