/** What the samples use of NestJS, whose decorators are of the older kind. */
declare module "@nestjs/common" {
  export interface OnApplicationShutdown {
    onApplicationShutdown(signal?: string): unknown;
  }
  interface Provider {
    provide: symbol;
    // biome-ignore lint/suspicious/noExplicitAny: as in Nest
    useFactory: (...injected: any[]) => unknown;
    inject?: symbol[];
  }
  export function Global(): ClassDecorator;
  export function Injectable(): ClassDecorator;
  export function Inject(token: symbol): PropertyDecorator & ParameterDecorator;
  export function Module(metadata: { providers?: Provider[]; exports?: symbol[] }): ClassDecorator;
}
