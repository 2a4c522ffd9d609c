/** Resolves with the name of the first SIGINT or SIGTERM. A second one ends the process at once, for the impatient. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** Ends the process soon after its last work, although a plugin left a timer or a socket behind that would keep it. */
export function endDespiteLeftovers(): void {
  setTimeout(() => process.exit(), 1_000).unref();
}
