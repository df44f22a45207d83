import type { Config } from '#config';
import type { Database } from '../database/open-database.js';
import type { Listening } from './listening.js';
import type { StartedServices } from './start-services.js';

const url = ({ host, port }: Listening): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/**
 * Tells a person where everything is, on stderr (stdout holds the JSON logs), and a parent process by message.
 * The one-time link goes here only, never into a log.
 */
export function announce(options: {
  config: Config;
  dataDir: string;
  database: Database;
  services: StartedServices;
  metrics: Listening | undefined;
}): void {
  const { config, dataDir, database, services, metrics } = options;
  const { controlPlane, gateway, worker } = services.addresses;
  const lines = ['', `Gatehouse is running. The start took ${(performance.now() / 1000).toFixed(1)} s.`, ''];
  if (controlPlane) lines.push(`  GraphQL        ${config.controlPlane.publicUrl ?? url(controlPlane)}/graphql`);
  const { processes, publicUrls } = config.gateway;
  const count = processes > 1 ? ` (${processes} processes)` : '';
  if (gateway) lines.push(`  MCP gateway    ${publicUrls[0] ?? url(gateway)}/mcp${count}`);
  if (worker) lines.push(`  Worker health  ${url(worker)}/readyz`);
  if (metrics) lines.push(`  Metrics        ${url(metrics)}/metrics`);
  lines.push(
    `  Data           ${database.embedded ? `${dataDir} (embedded PostgreSQL)` : 'the database of DATABASE_URL'}`,
  );
  if (services.setupLink) {
    lines.push(
      '',
      'Nobody administers this installation yet. Open this link once, before ' +
        `${services.setupLink.expiresAt.toISOString()}:`,
      '',
      `  ${services.setupLink.url}`,
    );
  }
  lines.push('', 'Stop with Ctrl-C.', '');
  process.stderr.write(`${lines.join('\n')}\n`);
  process.send?.({
    type: 'ready',
    addresses: services.addresses,
    setupLink: services.setupLink?.url ?? null,
    demo: services.demo ?? null,
  });
}
