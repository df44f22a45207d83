/** One value of a metrics page. */
export async function gauge(metricsUrl: string, name: string): Promise<number> {
  const page = await (await fetch(metricsUrl)).text();
  const line = page.split('\n').find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
  if (line === undefined) throw new Error(`no ${name} on the metrics page`);
  return Number(line.slice(line.lastIndexOf(' ') + 1));
}
