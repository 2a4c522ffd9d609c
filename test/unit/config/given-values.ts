import { isConfigKey, type AppConfig } from '#libs/config';

/** What a plugin that declares these parameters would be given: never a built-in default. */
export function givenValues(config: AppConfig, names: readonly string[]): Readonly<Record<string, unknown>> {
  const given = names.filter((name) => config.given(name));
  return Object.fromEntries(
    given.map((name) => [name, isConfigKey(name) ? config[name] : config.extras[name]]),
  );
}
