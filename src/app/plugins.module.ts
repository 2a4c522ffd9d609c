import { Module, type DynamicModule } from '@nestjs/common';
import {
  ConfiguredFeeder,
  ConfiguredPipeline,
  ConfiguredPredictor,
  followConfigured,
  PluginRegistry,
} from '#libs/plugin-host';
import { PluginListsController } from './plugin-lists.controller.js';

/** Binds the loaded plugins, tells what they are, and mounts what the endpoints plugins bring. */
@Module({})
export class PluginsModule {
  static forRoot(registry: PluginRegistry): DynamicModule {
    const providers = [
      { provide: PluginRegistry, useValue: registry },
      { provide: ConfiguredFeeder, useValue: followConfigured(registry, 'feeder') },
      { provide: ConfiguredPipeline, useValue: followConfigured(registry, 'pipeline') },
      { provide: ConfiguredPredictor, useValue: followConfigured(registry, 'predictor') },
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
