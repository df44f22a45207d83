import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { loadConfig } from '../load-config.js';
import { unreadTelemetryNames } from './telemetry.js';

const problems = (env: Record<string, string>): string => {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
  throw new Error('accepted');
};

describe('OpenTelemetry settings [OTL-1]', () => {
  it('are off by default', () => {
    expect(loadConfig({}).telemetry).toMatchObject({ endpoint: undefined, disabled: false, headers: {} });
  });

  it('understand the forms of the specification', () => {
    const { telemetry } = loadConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318/otlp/',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x%3D, tenant = a ,',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_SDK_DISABLED: 'TRUE',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '.25',
    });
    expect(telemetry).toMatchObject({
      endpoint: 'https://collector:4318/otlp/',
      headers: { authorization: 'Bearer x=', tenant: 'a' },
      resourceAttributes: { 'deployment.environment.name': 'test' },
      disabled: true,
      sampler: 'traceidratio',
      samplerArg: 0.25,
    });
  });

  it('refuse what they cannot do, and never show a header', () => {
    const text = problems({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: 'hunter2',
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
      OTEL_TRACES_SAMPLER_ARG: '2',
    });
    expect(text).toContain('5 problem(s)');
    expect(text).not.toContain('hunter2');
  });

  it('leave the names of other programs alone, and tell which have no effect', () => {
    const env = {
      OTEL_PYTHON_LOG_LEVEL: 'info',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
      OTEL_EXPORTER_OTLP_HEADERS_FILE: '/dev/null',
      OTEL_SERVICE_NAMES: 'x',
    };
    expect(() => loadConfig(env)).not.toThrow();
    expect(unreadTelemetryNames(env)).toEqual(['OTEL_PYTHON_LOG_LEVEL', 'OTEL_SERVICE_NAMES']);
  });
});
