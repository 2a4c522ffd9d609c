import { Global, Module } from '@nestjs/common';
import { PersistedRuntimeSettings } from './persisted-runtime-settings.js';
import { PluginSettings } from './plugin-settings.js';
import { ChangeableSettings, RuntimeSettings } from './runtime-settings.port.js';

/** Settings that change while the service runs, for every domain. Needs the plugins' registry. */
@Global()
@Module({
  providers: [
    PersistedRuntimeSettings,
    PluginSettings,
    { provide: ChangeableSettings, useExisting: PersistedRuntimeSettings },
    { provide: RuntimeSettings, useExisting: PersistedRuntimeSettings },
  ],
  exports: [ChangeableSettings, RuntimeSettings],
})
export class RuntimeSettingsModule {}
