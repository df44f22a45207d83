import { expect } from 'vitest';

/** Samples of the metrics page by `name{labels}`; refuses a page that is not in the text exposition format. */
export async function readMetrics(metricsUrl: string): Promise<Map<string, number>> {
  const response = await fetch(metricsUrl);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const text of (await response.text()).split('\n')) {
    if (text === '') continue;
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(text);
    if (type) expect(types.has(type[1] ?? '')).toBe(false);
    if (type) types.set(type[1] ?? '', type[2] ?? '');
    if (text.startsWith('#')) expect(text).toMatch(/^# (TYPE|HELP) [a-zA-Z_:][\w:]* ./);
    else {
      const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$/.exec(text);
      const [, name = '', labels = '', value] = sample ?? [];
      expect(text, 'is a sample').toBe(sample?.[0]);
      expect(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, '')), `${name} has a type`).toBe(true);
      expect(samples.has(name + labels), `${text} is there once`).toBe(false);
      samples.set(name + labels, Number(value));
      expect(Number.isNaN(Number(value)) && value !== 'NaN').toBe(false);
    }
  }
  return samples;
}
