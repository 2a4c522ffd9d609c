/** What the hook is told when it is registered. */
export interface ResolutionHookData {
  /** Addresses that packages are looked up from, in this order, before the installation itself. */
  readonly folders: readonly string[];
  /** Address of this server's plugin SDK. */
  readonly sdk: string;
}

interface ResolveContext {
  readonly parentURL?: string;
}
interface Resolved {
  readonly url: string;
}
type NextResolve = (specifier: string, context: ResolveContext) => Promise<Resolved>;

/**
 * In front of the name of a plugin's package in the importer's own imports. Which file these come from is no sign of them:
 * a build joins files.
 */
export const PLUGIN_PACKAGE = 'plugin-package:';
const SDK = 'prediction-provider/plugin-sdk';
let told: ResolutionHookData | null = null;

/** Called by Node when the hook is registered. */
export function initialize(data: ResolutionHookData): void {
  told = data;
}

/** Called by Node for each import made after that. */
export async function resolve(
  specifier: string,
  context: ResolveContext,
  nextResolve: NextResolve,
): Promise<Resolved & { readonly shortCircuit?: boolean }> {
  if (told === null) return nextResolve(specifier, context);
  if (specifier === SDK) {
    return nextResolve(specifier, context).catch((error: unknown) => orSdk(error, told?.sdk));
  }
  if (!specifier.startsWith(PLUGIN_PACKAGE)) return nextResolve(specifier, context);
  const name = specifier.slice(PLUGIN_PACKAGE.length);
  for (const parentURL of told.folders) {
    try {
      return await nextResolve(name, { ...context, parentURL });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return nextResolve(name, context);
}

const isNotFound = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';

function orSdk(error: unknown, sdk: string | undefined): Resolved & { readonly shortCircuit: boolean } {
  if (!isNotFound(error) || sdk === undefined) throw error;
  return { url: sdk, shortCircuit: true };
}
