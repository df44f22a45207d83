import { expect, it } from 'vitest';
import { addUpstream, callMcp, signUpAdmin, startFixtureServer, startGatehouse, until } from '#testing';
import { startCollector } from '../service/otlp-collector.js';
import { toolNames } from './mcp-world.js';

it('[OTL-2] [OTL-6] a started server delivers its spans and metrics, the last ones at its stop', async () => {
  await using collector = await startCollector();
  await using upstream = await startFixtureServer({ era: 'legacy' });
  await using gatehouse = await startGatehouse({
    env: {
      GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_SERVICE_NAME: 'edge',
      OTEL_PYTHON_LOG_LEVEL: 'info',
    },
  });
  const { admin, token } = await signUpAdmin(gatehouse);
  await addUpstream(admin, 'fixture', upstream.url);
  const listed = () => callMcp(`${gatehouse.gateway}/mcp`, token, 'tools/list');
  await until('the tool is served', async () => toolNames(await listed()).includes('fixture__echo'));
  const answer = await callMcp(`${gatehouse.gateway}/mcp`, token, 'tools/call', {
    name: 'fixture__echo',
    arguments: { text: 'x' },
  });
  expect(answer.status).toBe(200);
  expect(await gatehouse.stop()).toMatchObject({ code: 0 });
  const calls = collector.spans.filter(({ name }) => name !== 'tools/list');
  expect(calls.map(({ name, kind }) => [name, kind])).toEqual([
    ['tools/call echo', 3],
    ['tools/call fixture__echo', 2],
  ]);
  expect(collector.resources[0]).toMatchObject({ 'service.name': 'edge' });
  expect(collector.points().map(({ name }) => name)).toContain('mcp.server.operation.duration');
  expect(gatehouse.output.stdout).toContain('OTEL_PYTHON_LOG_LEVEL');
});
