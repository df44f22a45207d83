import { createApi } from '../api/create-api.js';
import { createHttp } from '../api/create-http.js';
import { failed } from '../command-failure.js';
import type { Output } from '../output.js';
import { makeDemoCalls } from './make-demo-calls.js';
import { readAuditRows } from './read-audit-rows.js';
import type { OwnedChild } from './owned-child.js';
import { startDemoServer, type DemoServer } from './start-demo-server.js';
import { startDemoUpstream } from './start-demo-upstream.js';
import { addressesText, callsText } from './tell-story.js';

const callTimeoutMs = 30_000;

/**
 * Starts a real MCP server and Gatehouse before it, shows one allowed and one denied call, and tells how to go on.
 * @param onStart gets every child process as soon as it runs, so that it can be stopped whatever happens next
 * @returns the two programs, still running
 */
export async function runDemo(out: Output, onStart: (child: OwnedChild) => void): Promise<readonly OwnedChild[]> {
  const say = (text: string) => out.result(null, text);
  say(`${out.style('bold', 'Gatehouse demo')}\n\n1. A real MCP server: @modelcontextprotocol/server-everything`);
  const upstream = await startDemoUpstream(onStart);
  say(`   ${upstream.url}\n2. Gatehouse before it; the first start sets up its database`);
  const server = await startDemoServer(upstream, onStart);
  say('3. The same tool, called with two tokens');
  await showCalls(out, server);
  say(addressesText(server, controlPlaneOf(server), out));
  return [upstream.child, server.child];
}

const controlPlaneOf = ({ ready }: DemoServer): string => {
  const { host, port } = ready.addresses.controlPlane;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
};

async function showCalls(out: Output, server: DemoServer): Promise<void> {
  const { demo } = server.ready;
  const http = createHttp(demo.endpoint, callTimeoutMs);
  const headers = { authorization: `Bearer ${demo.auditor.token}` };
  const api = createApi({ url: controlPlaneOf(server), userAgent: 'gatehouse-demo', headers });
  try {
    const began = new Date();
    const calls = await makeDemoCalls(http.fetch, demo);
    const ids = [calls.allowed.requestId, calls.denied.requestId];
    const rows = await readAuditRows(api, began, ids);
    out.result(null, callsText(calls, rows, out));
    if (rows.length !== ids.length) throw failed(`The audit log holds ${rows.length} of the two calls.`);
  } finally {
    await Promise.all([http.close(), api.close()]);
  }
}
