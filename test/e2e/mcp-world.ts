import { request, type IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { inject } from 'vitest';
import { generateMasterKey } from '#crypto';
import {
  callMcp,
  createTestDatabase,
  freePort,
  signUpAdmin,
  startGatehouse,
  startOwnedProcess,
  until,
  type ControlPlaneClient,
  type Gatehouse,
  type McpAnswer,
  type TestDatabase,
} from '#testing';
import { projectRoot } from '../project-files.js';

type Json = Record<string, unknown>;

/** A started Gatehouse on a database of its own, with an administrator. */
export interface McpWorld extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly database: TestDatabase;
  readonly admin: ControlPlaneClient;
  /** The administrator's API token. */
  readonly token: string;
  readonly masterKey: string;
  /** The address of a path of the gateway. */
  at(path: string): string;
}

/** Starts one Gatehouse for a test file; upstreams may live at 127.0.0.1 only. */
export async function startMcpWorld(env: Record<string, string> = {}): Promise<McpWorld> {
  const masterKey = generateMasterKey();
  const database = await createTestDatabase(inject('pgUrl'));
  const gatehouse = await startGatehouse({
    env: {
      DATABASE_URL: database.url,
      GATEHOUSE_MASTER_KEY: masterKey,
      GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
      ...env,
    },
  });
  const { admin, token } = await signUpAdmin(gatehouse);
  return {
    gatehouse,
    database,
    admin,
    token,
    masterKey,
    at: (to) => gatehouse.gateway + to,
    [Symbol.asyncDispose]: async () => {
      await gatehouse[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Starts the reference server of the Model Context Protocol, a real legacy server with sessions, on loopback only. */
export async function startEverythingServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const program = path.join(projectRoot, 'node_modules/.bin/mcp-server-everything');
  const loopback = path.join(projectRoot, 'dist/apps/cli/src/demo/listen-on-loopback.js');
  const server = await startOwnedProcess(process.execPath, ['--import', loopback, program, 'streamableHttp'], {
    ready: `on port ${port}`,
    spawn: { env: { PATH: process.env['PATH'], PORT: String(port) } },
  });
  return { url: `http://127.0.0.1:${port}/mcp`, stop: () => server.stop('SIGKILL') };
}

const catalogueKinds = ['tool', 'resource', 'resourceTemplate', 'prompt'] as const;

/** The ids of everything that an upstream offers, as entries of a virtual server. */
export async function entriesOf(admin: ControlPlaneClient, upstreamId: string): Promise<Json[]> {
  const entries: Json[] = [];
  for (const kind of catalogueKinds) {
    const answer = await admin.send(
      `query ($id: ID!) { list: ${kind}s(upstreamId: $id, first: 100) { edges { node { id } } } }`,
      { id: upstreamId },
    );
    const { list } = answer.data as unknown as { list: { edges: { node: { id: string } }[] } };
    entries.push(...list.edges.map(({ node }) => ({ [`${kind}Id`]: node.id })));
  }
  return entries;
}

/** Puts entries into a virtual server. */
export const addEntries = (admin: ControlPlaneClient, virtualServerId: string, entries: readonly Json[]) =>
  admin.mutate(
    'addVirtualServerEntries',
    'AddVirtualServerEntriesInput',
    { virtualServerId, entries },
    'virtualServer { id }',
  );

/** Creates a virtual server of the given entries, and returns its id. */
export async function compose(
  admin: ControlPlaneClient,
  slug: string,
  entries: readonly Json[],
  more: object = {},
): Promise<string> {
  const { virtualServer } = await admin.mutate<{ virtualServer: { id: string } }>(
    'createVirtualServer',
    'CreateVirtualServerInput',
    { slug, name: slug, visibility: 'ORGANIZATION', ...more },
    'virtualServer { id }',
  );
  await addEntries(admin, virtualServer.id, entries);
  return virtualServer.id;
}

/** Waits until the gateway serves a path to a token; revisions arrive in order, so everything older is there as well. */
export const untilServed = (url: string, token: string): Promise<void> =>
  until(`${url} is served`, async () => (await callMcp(url, token, 'ping')).status === 200);

/** A request whose path and headers go out exactly as given, which `fetch` would tidy. */
export const exactRequest = (
  origin: string,
  options: { method?: string; path: string; headers?: Record<string, string | string[]>; body?: string },
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const { method = 'POST', path: exactPath, headers = {}, body = '' } = options;
    const sent = request({ hostname, port, method, path: exactPath, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

/** The objects that a list answers with; fails with the answer when it is none. */
export function itemsOf({ body, text }: McpAnswer, member: string): readonly Json[] {
  const items = body?.result?.[member];
  if (!Array.isArray(items)) throw new Error(`no list of ${member}: ${text}`);
  return items as Json[];
}

/** The names of the tools that `tools/list` answers with. */
export const toolNames = (answer: McpAnswer): string[] => itemsOf(answer, 'tools').map(({ name }) => String(name));

/** The text of the first content block of a tool's result. */
export const firstText = (answer: McpAnswer): unknown => itemsOf(answer, 'content')[0]?.['text'];
