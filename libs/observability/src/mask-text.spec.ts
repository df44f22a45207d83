import { describe, expect, it } from 'vitest';
import { maskText } from './mask-text.js';

describe('maskText', () => {
  it.each([
    ['token gth_eyJhbGciOi.eyJzdWIi.c2ln-_x refused', 'token gth_[redacted] refused'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer [redacted]'],
    ['authorization: bearer   abc', 'authorization: bearer [redacted]'],
    ['Basic dXNlcjpwYXNz', 'Basic [redacted]'],
    [
      'connect postgres://ada:hunter2@db:5432/gatehouse failed',
      'connect postgres://[redacted]@db:5432/gatehouse failed',
    ],
    ['postgres://ada:p@ss@db/x', 'postgres://[redacted]@db/x'],
    ['redis://:hunter2@cache:6379', 'redis://[redacted]@cache:6379'],
    ['https://ghp_abc@github.com/x', 'https://[redacted]@github.com/x'],
    ['at https://a.example/x?email=a@b.example', 'at https://a.example/x?email=a@b.example'],
    ['GET /cb?access_token=abc&x=1', 'GET /cb?access_token=[redacted]&x=1'],
    ['user=ada password=hunter2', 'user=ada password=[redacted]'],
    ['body {"email":"a@b.c","password":"hun\\"ter2"}', 'body {"email":"a@b.c","password":"[redacted]"}'],
    ['body {\\"clientSecret\\": \\"hunter2', 'body {\\"clientSecret\\": \\"[redacted]'],
    ['jwt eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln', 'jwt [redacted]'],
    ["values ('$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA')", "values ('[redacted]')"],
    ["values ('v1.0123456789abcdef.AAAA.BBBB')", "values ('[redacted]')"],
    ['Cookie: a=1; gatehouse_session=abc; b=2', 'Cookie: a=1; gatehouse_session=[redacted]; b=2'],
    ['-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n', '[redacted]\n'],
    ['-----BEGIN EC PRIVATE KEY-----\nMC4C', '[redacted]'],
  ])('masks %j', (text, masked) => {
    expect(maskText(text)).toBe(masked);
  });

  it.each(['upstream github is healthy', 'a token is missing', 'http://127.0.0.1:4000/healthz', 'tokenId=', ''])(
    'leaves %j alone',
    (text) => {
      expect(maskText(text)).toBe(text);
    },
  );

  it('cuts long text without uncovering a secret at the cut', () => {
    const text = `${'x'.repeat(16_370)} postgres://ada:hunter2hunter2hunter2@db ${'y'.repeat(200_000)}`;
    const masked = maskText(text);
    expect(masked.length).toBeLessThan(17_000);
    expect(masked).not.toContain('hunter');
    expect(masked).toContain(`[cut, ${text.length} characters]`);
  });

  it.each(['a', 'eyJ-', '"password":"', '://', 'Bearer ', 'http://a', '-----BEGIN PRIVATE KEY-----', '\\"', ' '])(
    'stays fast on a megabyte of %j',
    (piece) => {
      const start = performance.now();
      maskText(piece.repeat(Math.ceil(1_000_000 / piece.length)));
      expect(performance.now() - start).toBeLessThan(1000);
    },
  );
});
