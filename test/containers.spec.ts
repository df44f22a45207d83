import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from './project-files.js';

const script = path.join(projectRoot, 'scripts/lint-containers.mjs');
const read = (file: string) => readFileSync(path.join(projectRoot, 'docker', file), 'utf8');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-containers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lint(...files: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...files], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** One change to a good file that must make exactly this rule fire. */
type Planted = readonly [rule: string, file: 'Dockerfile' | 'compose.yaml', from: string | RegExp, to: string];

const planted: readonly Planted[] = [
  ['untagged-image', 'Dockerfile', 'node:24-slim AS runtime', 'node AS runtime'],
  ['untagged-image', 'compose.yaml', 'postgres:18', 'postgres:latest'],
  ['one-stage', 'Dockerfile', /FROM node:24-slim AS build[\s\S]*?(?=FROM)/, ''],
  ['root-user', 'Dockerfile', 'USER 10001:10001', 'USER root'],
  ['root-user', 'compose.yaml', 'user: postgres', 'user: root'],
  ['add', 'Dockerfile', 'COPY apps apps', 'ADD apps apps'],
  ['apt-recommends', 'Dockerfile', 'COPY apps apps', 'RUN apt-get install -y curl'],
  ['no-healthcheck', 'Dockerfile', /HEALTHCHECK .*/, 'HEALTHCHECK NONE'],
  ['no-healthcheck', 'compose.yaml', 'test: [CMD, node', 'check: [CMD, node'],
  ['healthcheck-tool', 'Dockerfile', '["node", "docker/healthcheck.mjs"]', 'curl -f http://127.0.0.1:4000/readyz'],
  ['stop-signal', 'Dockerfile', 'STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGKILL'],
  ['shell-form', 'Dockerfile', 'CMD ["serve"]', 'CMD serve'],
  ['no-volume', 'Dockerfile', /VOLUME .*/, ''],
  ['no-labels', 'Dockerfile', 'org.opencontainers.image.title', 'org.example.title'],
  ['unknown-setting', 'Dockerfile', 'GATEHOUSE_DATA_DIR=', 'GATEHOUSE_DATA_FOLDER='],
  ['unknown-setting', 'compose.yaml', 'GATEHOUSE_GATEWAY_PUBLIC_URLS', 'GATEHOUSE_GATEWAY_PUBLIC_URL'],
  ['secret-in-environment', 'Dockerfile', 'NODE_ENV=production', 'GATEHOUSE_ADMIN_PASSWORD=x'],
  ['secret-in-environment', 'compose.yaml', 'POSTGRES_PASSWORD_FILE: ', 'POSTGRES_PASSWORD: '],
  ['writable-root', 'compose.yaml', 'read_only: true', 'read_only: false'],
  ['capabilities', 'compose.yaml', 'cap_drop: [ALL]', 'cap_drop: [NET_RAW]'],
  ['new-privileges', 'compose.yaml', 'security_opt:', 'x-security-opt:'],
  ['no-restart', 'compose.yaml', 'restart: unless-stopped', ''],
  ['depends-on', 'compose.yaml', 'condition: service_healthy', 'condition: service_started'],
  ['public-port', 'compose.yaml', "'127.0.0.1:4000:4000'", "'4000:4000'"],
  ['undeclared', 'compose.yaml', 'secrets: [database_url, master_key]', 'secrets: [database_url, other_key]'],
  ['undeclared', 'compose.yaml', 'volumes: [gatehouse:/var', 'volumes: [/srv:/var'],
];

describe('container files', () => {
  it('keep every rule [BOX-1]', () => {
    expect(lint()).toEqual({ status: 0, stdout: 'lint:containers: 3 file(s), 0 problem(s).\n', stderr: '' });
  });

  it.each(planted)('the rule %s fires on a planted fault in %s [BOX-1]', (rule, name, from, to) => {
    const good = read(name);
    const bad = good.replace(from, to);
    expect(bad).not.toBe(good);
    const file = path.join(folder, name);
    writeFileSync(file, bad);
    const { status, stderr } = lint(file);
    expect(status).toBe(1);
    expect([...stderr.matchAll(/\[([a-z-]+)\]/g)].map((match) => match[1])).toEqual([rule]);
  });

  it('every rule of the script is shown to fire', () => {
    const rules = readFileSync(script, 'utf8').matchAll(/(?:expect\(|\[|add\(\[)\s*'([a-z]+(?:-[a-z]+)*)',\s/g);
    const names = new Set([...rules].map((match) => match[1]));
    expect(names).toEqual(new Set(planted.map(([rule]) => rule)));
  });
});

describe('the health check of the image', () => {
  async function check(status: number): Promise<{ code: number | null; stderr: string }> {
    const service = createServer((request, response) =>
      response.writeHead(request.url === '/readyz' ? status : 404).end(),
    );
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const { port } = service.address() as AddressInfo;
    const child = spawn(process.execPath, [path.join(projectRoot, 'docker/healthcheck.mjs')], {
      env: { GATEHOUSE_SERVICES: 'control-plane', GATEHOUSE_CONTROL_PLANE_PORT: String(port) },
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
    service.close();
    return { code, stderr };
  }

  it('passes when the service is ready, and names the one that is not [BOX-1]', async () => {
    expect(await check(200)).toEqual({ code: 0, stderr: '' });
    expect(await check(503)).toEqual({ code: 1, stderr: 'control-plane answers 503\n' });
  });
});
