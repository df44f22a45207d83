import { statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Config } from '#config';
import { DomainError } from '#kernel';
import { prepareDataDir } from '../embedded-postgres/prepare-data-dir.js';

const mib = (bytes: number): string => `${Math.floor(bytes / 1024 ** 2)} MiB`;

/** The data directory can be written and has room. @throws DomainError DATA_DIR_UNUSABLE */
export async function checkDisk(config: Config): Promise<string> {
  const dataDir = prepareDataDir(config.server.dataDir);
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  if (free < config.server.minFreeDisk)
    throw new DomainError(
      'DATA_DIR_UNUSABLE',
      `Only ${mib(free)} are free below ${dataDir}; at least ${mib(config.server.minFreeDisk)} are asked for. Free space, choose another GATEHOUSE_DATA_DIR, or lower GATEHOUSE_SERVER_MIN_FREE_DISK.`,
    );
  return `${dataDir} can be written, ${mib(free)} free`;
}

/** The ports of the configured services are free. @throws DomainError PORT_IN_USE naming every taken one */
export async function checkPorts(config: Config): Promise<string> {
  const all = [
    {
      service: 'control-plane',
      setting: 'GATEHOUSE_CONTROL_PLANE_PORT',
      host: config.controlPlane.host,
      port: config.controlPlane.port,
    },
    { service: 'gateway', setting: 'GATEHOUSE_GATEWAY_PORT', host: config.gateway.host, port: config.gateway.port },
    ...internalPorts(config),
    { service: 'worker', setting: 'GATEHOUSE_WORKER_PORT', host: config.worker.host, port: config.worker.port },
  ].filter(({ service }) => config.server.services.some((name) => name === service));
  const wanted = config.metrics.enabled
    ? [
        ...all,
        { service: 'metrics', setting: 'GATEHOUSE_METRICS_PORT', host: config.metrics.host, port: config.metrics.port },
      ]
    : all;
  const problems: string[] = [];
  for (const { setting, host, port } of wanted) {
    const code = await tryPort(host, port);
    if (code) problems.push(`${host}:${port} (${code}; setting ${setting})`);
  }
  if (problems.length > 0)
    throw new DomainError(
      'PORT_IN_USE',
      `Cannot listen on ${problems.join(', ')}. Stop the other program or change the setting.`,
    );
  return `${wanted.map(({ port }) => port).join(', ')} are free`;
}

/** Where gateway processes listen for each other, if that is no free port each. */
function internalPorts({ gateway: { internalHost: host, internalPort, processes } }: Config) {
  if (internalPort === 0) return [];
  const setting = 'GATEHOUSE_GATEWAY_INTERNAL_PORT';
  return Array.from({ length: processes }, (_, index) => ({
    ...{ service: 'gateway', setting, host },
    port: internalPort + index,
  }));
}

function tryPort(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

const loopback = /^(127\.|localhost$|::1$|\[::1\]$)/;

/** Whoever listens beyond this machine says under which origin, and with TLS. @throws DomainError CONFIGURATION_INVALID */
export async function checkPublicUrls(config: Config): Promise<string> {
  const problems: string[] = [];
  const look = (setting: string, host: string, urls: readonly string[]): void => {
    if (!loopback.test(host) && urls.length === 0)
      problems.push(`${setting} is missing although the service binds ${host}: clients would be sent to 127.0.0.1`);
    for (const url of urls) {
      const { protocol, hostname } = new URL(url);
      if (protocol === 'http:' && !loopback.test(hostname))
        problems.push(`${setting} has ${url}, which is not https: tokens would travel in the clear`);
    }
  };
  look(
    'GATEHOUSE_CONTROL_PLANE_PUBLIC_URL',
    config.controlPlane.host,
    config.controlPlane.publicUrl ? [config.controlPlane.publicUrl] : [],
  );
  look('GATEHOUSE_GATEWAY_PUBLIC_URLS', config.gateway.host, config.gateway.publicUrls);
  if (problems.length > 0) throw new DomainError('CONFIGURATION_INVALID', `${problems.join('; ')}.`);
  return 'fit the addresses that are bound';
}
