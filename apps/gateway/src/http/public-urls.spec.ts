import { describe, expect, it } from 'vitest';
import { loadConfig } from '#config';
import { publicUrlsOf } from './public-urls.js';

describe('public URLs', () => {
  it('default to both names of the loopback with the real port', () => {
    const urls = publicUrlsOf(loadConfig({ GATEHOUSE_GATEWAY_PORT: '0' }), 4711);
    expect(urls.all).toEqual(['http://127.0.0.1:4711', 'http://localhost:4711']);
    expect(urls.byHost('localhost:4711')).toBe('http://localhost:4711');
    expect(urls.byHost('localhost')).toBeNull();
    expect(urls.byHost(undefined)).toBeNull();
  });

  it('as configured, are the only ones; a default port may be spelled out', () => {
    const env = {
      GATEHOUSE_GATEWAY_PUBLIC_URLS: 'https://mcp.example.com,http://inner.example:8080',
      GATEHOUSE_GATEWAY_ALLOWED_ORIGINS: 'https://app.example.com',
      GATEHOUSE_CONTROL_PLANE_PUBLIC_URL: 'https://control.example.com',
    };
    const urls = publicUrlsOf(loadConfig(env), 4100);
    expect(urls.byHost('mcp.example.com')).toBe('https://mcp.example.com');
    expect(urls.byHost('MCP.example.com:443')).toBe('https://mcp.example.com');
    expect(urls.byHost('inner.example:8080')).toBe('http://inner.example:8080');
    for (const host of [
      'mcp.example.com:80',
      'inner.example',
      'inner.example:80',
      '127.0.0.1:4100',
      'x.mcp.example.com',
    ])
      expect(urls.byHost(host)).toBeNull();
    expect(urls.authorizationServer).toBe('https://control.example.com');
    for (const origin of ['https://mcp.example.com', 'https://app.example.com'])
      expect(urls.allowsOrigin(origin)).toBe(true);
    for (const origin of ['http://mcp.example.com', 'https://app.example.com.evil.example', 'null', ''])
      expect(urls.allowsOrigin(origin)).toBe(false);
  });
});
