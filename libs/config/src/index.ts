export { childEnvironment, readCliEnvironment, type CliEnvironment } from './cli-environment.js';
export { concerns, loadConfig, type Config, type ConfigProblem } from './load-config.js';
export { renderConfigurationDocs } from './render-configuration-docs.js';
export type { Concern, Setting } from './setting.js';
