/**
 * The configuration cannot be used. Carries every fault found, one sentence each: the setting's name, what is wrong
 * with its value, what is allowed, and where the value came from. Values of secrets are never repeated.
 * The command ends with exit code 2.
 */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[], subject = 'The configuration') {
    const heading =
      faults.length === 1 ? `${subject} has a fault:` : `${subject} has ${faults.length} faults:`;
    super([heading, ...faults.map((fault) => `  ${fault}`)].join('\n'));
    this.name = 'ConfigError';
    this.faults = Object.freeze([...faults]);
  }
}
