#!/usr/bin/env node
import 'reflect-metadata';
import { endDespiteLeftovers } from './app/commands/command.js';
import { runCommand } from './app/commands/run-command.js';

// The build makes a script of this, which cannot wait at its top.
void runCommand(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  endDespiteLeftovers();
});
