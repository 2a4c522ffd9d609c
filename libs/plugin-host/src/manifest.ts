/**
 * Imports one built-in plugin's module, whose default export is its definition. A thunk, so that a test can look at the
 * list without loading it and nothing is loaded twice.
 */
export type PluginThunk = () => Promise<unknown>;

/** The built-in plugins, in the order in which lists show them. */
export type PluginManifest = readonly PluginThunk[];
