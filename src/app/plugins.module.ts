import { Module, type DynamicModule } from '@nestjs/common';
import { CORE, ENDPOINTS, FEEDER, PIPELINE, PluginRegistry, PREDICTOR } from '#libs/plugin-host';
import { PluginListsController } from './plugin-lists.controller.js';

/** Binds the loaded plugins, tells what they are, and mounts what the endpoints plugins bring. */
@Module({})
export class PluginsModule {
  static forRoot(registry: PluginRegistry): DynamicModule {
    const providers = [
      { provide: PluginRegistry, useValue: registry },
      { provide: CORE, useFactory: () => registry.core },
      { provide: FEEDER, useFactory: () => registry.active('feeder') },
      { provide: PIPELINE, useFactory: () => registry.active('pipeline') },
      { provide: PREDICTOR, useFactory: () => registry.active('predictor') },
      { provide: ENDPOINTS, useFactory: () => registry.endpoints },
    ];
    return {
      module: PluginsModule,
      global: true,
      controllers: [PluginListsController],
      imports: registry.endpoints.map(({ module }) => module as DynamicModule),
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }
}
