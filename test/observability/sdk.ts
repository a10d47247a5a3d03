import { type Context, context, metrics, type Tracer, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { type Clock, createLocks, type Locks, type LocksOptions } from "../../src/index.ts";
import { type InstrumentOptions, instrument } from "../../src/otel.ts";
import { type Bench, bench } from "../support/bench.ts";

/** One point of a metric: its attributes, and what it says. */
export interface Point {
  name: string;
  unit: string;
  kind: string;
  attributes: object;
  /** A count, or of a histogram the sum. */
  value: number;
  count?: number;
}

/** Locks on a virtual clock, watched by the real SDK, whose exporters keep what they get. */
export interface Watched extends Bench {
  tracer: Tracer;
  /** The SDK itself, as a program makes it global. */
  providers: { tracers: BasicTracerProvider; meters: MeterProvider };
  /** The locks, traced. */
  traced: Locks;
  spans(): ReadableSpan[];
  span(name: string): ReadableSpan;
  points(): Promise<Point[]>;
  /** Runs in a span of the caller's, and gives it. */
  inCaller<T>(fn: () => Promise<T>): Promise<{ result: T; caller: ReadableSpan }>;
  end(): Promise<void>;
}

/** The context manager of the process: as a program has it, or, for `false`, none. */
export function useContext(enabled = true): void {
  context.disable();
  if (enabled) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

export function watched(options: LocksOptions = {}, instrumentation: InstrumentOptions = {}): Watched {
  const all = bench();
  const spanExporter = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  const tracer = tracers.getTracer("test");
  const { network } = all;
  // As the platform's timers do, and a virtual clock's do not: what they call runs where they were started.
  const timer: Clock["timer"] = (ms, callback) => all.clock.timer(ms, context.bind(context.active(), callback));
  const clock: Clock = { ...all.clock, timer };
  const watching = instrument({ tracer, meter: meters.getMeter("test"), clock, ...instrumentation });
  const traced = watching.traced(createLocks(network, { clock, onEvent: watching.onEvent, ...options }));
  const spans = () => spanExporter.getFinishedSpans();

  return {
    ...all,
    tracer,
    providers: { tracers, meters },
    traced,
    spans,
    span(name) {
      const found = spans().filter((each) => each.name === name);
      if (found.length !== 1) throw new Error(`${found.length} spans are called ${name}`);
      return found[0] as ReadableSpan;
    },
    async points() {
      metricExporter.reset();
      await meters.forceFlush();
      const scopes = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return scopes
        .flatMap((scope) => scope.metrics)
        .flatMap((metric) => {
          const { name, unit } = metric.descriptor;
          return metric.dataPoints.map(({ attributes, value }) => {
            const histogram = value as { sum?: number; count: number };
            const said = typeof value === "number" ? { value } : { value: histogram.sum ?? 0, count: histogram.count };
            return { name, unit, kind: kindOf(metric), attributes, ...said };
          });
        });
    },
    async inCaller(fn) {
      const span = tracer.startSpan("caller");
      const inside: Context = trace.setSpan(context.active(), span);
      try {
        return { result: await context.with(inside, fn), caller: span as unknown as ReadableSpan };
      } finally {
        span.end();
      }
    },
    async end() {
      metrics.disable();
      await tracers.shutdown();
      await meters.shutdown();
    },
  };
}

function kindOf(metric: MetricData): string {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return "histogram";
  if (metric.dataPointType !== DataPointType.SUM) return "gauge";
  return metric.isMonotonic ? "counter" : "up-down counter";
}

export const parentOf = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId;
export const idOf = (span: ReadableSpan): string => span.spanContext().spanId;
