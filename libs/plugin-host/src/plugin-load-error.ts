/**
 * The plugins cannot be loaded as configured. Carries every fault found, one sentence each, that starts with the plugin's
 * name (or the specifier it was to be loaded from) and says what is wrong and what is available. For the operator's
 * console: it may name files. The command ends with exit code 1.
 */
export class PluginLoadError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: { cause?: unknown }) {
    const heading =
      faults.length === 1
        ? 'A plugin cannot be loaded:'
        : `Plugins cannot be loaded, ${faults.length} faults:`;
    super([heading, ...faults.map((fault) => `  ${fault}`)].join('\n'), options);
    this.name = 'PluginLoadError';
    this.faults = Object.freeze([...faults]);
  }
}
