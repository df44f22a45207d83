export { childEnvironment, readCliEnvironment, type CliEnvironment } from './cli-environment.js';
export { unreadTelemetryNames } from './concerns/telemetry.js';
export { concerns, loadConfig, type Config, type ConfigProblem } from './load-config.js';
export { renderConfigurationDocs } from './render-configuration-docs.js';
export type { Concern, Setting } from './setting.js';
export type { StdioCommand } from './stdio-commands.js';
