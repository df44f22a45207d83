import { renderClientConfig, type ClientName } from '../client-config/render-client-config.js';
import type { Output } from '../output.js';
import type { DemoCalls } from './make-demo-calls.js';
import type { McpExchange } from './mcp-exchange.js';
import type { AuditRow } from './read-audit-rows.js';
import type { DemoServer } from './start-demo-server.js';
import { renderTable } from '../render-table.js';

const clients: readonly [ClientName, string][] = [
  ['claude-code', 'Claude Code'],
  ['cursor', 'Cursor'],
  ['vscode', 'VS Code'],
];

const indent = (text: string, by: string) => text.replaceAll(/^/gm, by);

/** What happened on the wire, without the protocol's own fields, which are the same in every message. */
function wire({ who, url, method, params, status, answer }: McpExchange): string {
  const said = answer.error ? { error: answer.error } : { result: { content: answer.result?.content } };
  return [
    `  POST ${url}`,
    `  Authorization: Bearer gth_…${who.token.slice(-4)}   (the token of ${who.name})`,
    `  → ${JSON.stringify({ method, params })}`,
    `  ← HTTP ${status}`,
    `    ${JSON.stringify(said)}`,
  ].join('\n');
}

/** The two calls and their traces in the audit log. */
export function callsText({ allowed, denied }: DemoCalls, rows: readonly AuditRow[], { style }: Output): string {
  const table = renderTable(
    rows,
    [
      { title: 'TIME', value: ({ occurredAt }) => occurredAt.slice(11, 23) },
      { title: 'USER', value: ({ actorUser }) => actorUser?.email, shrinks: true },
      { title: 'ACTION', value: ({ action }) => action },
      { title: 'OUTCOME', value: ({ outcome }) => outcome },
      { title: 'REASON', value: ({ reason }) => reason },
    ],
    78,
  );
  return `
${style('green', 'ALLOWED')}  ${allowed.who.name} is in the team that the virtual server belongs to.

${wire(allowed)}

${style('red', 'DENIED')}  ${denied.who.name} is not. The answer is the one for a server that does not exist.

${wire(denied)}

${style('bold', 'AUDIT LOG')}  Both calls are in it:

${indent(table, '  ')}
`;
}

/** Where everything is, and how to go on. */
export function addressesText(
  { ready, dataDir, logFile }: DemoServer,
  controlPlane: string,
  { style }: Output,
): string {
  const { demo, setupLink } = ready;
  const link = setupLink
    ? `${style('bold', 'BECOME THE ADMINISTRATOR')}  Open this link; it works once:\n\n  ${setupLink}\n`
    : `${style('bold', 'SIGN IN')}  An administrator exists: npm run --silent gatehouse -- login --url ${controlPlane}\n`;
  const configs = clients.map(([client, title]) => {
    const config = renderClientConfig(client, {
      name: 'gatehouse-demo',
      url: demo.endpoint,
      token: demo.allowed.token,
    });
    return `  ${title} (${config.target}):\n\n${indent(config.content, '    ')}\n`;
  });
  return `
${style('bold', 'CONNECT YOUR CLIENT')}  with the token of ${demo.allowed.name}, which lives one day:

${configs.join('\n')}
${link}
${style('bold', 'ADDRESSES')}

  GraphQL         ${controlPlane}/graphql
  Virtual server  ${demo.endpoint}
  All your tools  ${new URL('/mcp', demo.endpoint).href}
  Data            ${dataDir}${logFile ? `\n  Log             ${logFile}` : ''}`;
}
