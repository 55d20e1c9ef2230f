import type { ProviderStatus } from '@keysource/core'
import { html, raw } from 'hono/html'

type Html = ReturnType<typeof html>

/** The page at `/`: which providers are composed, how their keys stand, and a command to try each. */
export function overview(providers: readonly ProviderStatus[], host: string, demo: boolean): Html {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Keysource example</title>
    <style>${raw(STYLE)}</style>
  </head>
  <body>
    <h1>Keysource example</h1>
    <p>
      One verifier over ${providers.length} provider${providers.length === 1 ? '' : 's'}.
      ${demo ? 'No provider is configured, so these are local stand-ins: real servers on this machine, with real keys.' : ''}
      See also <a href="/status">/status</a>.
    </p>
    ${providers.map((provider) => section(provider, host, demo))}
    <script>${raw(SCRIPT)}</script>
  </body>
</html>`
}

function section(status: ProviderStatus, host: string, demo: boolean): Html {
  const { provider, state, issuer, keys, lastError } = status
  return html`
    <section>
      <h2>${provider} <span class="${state}">${state}</span></h2>
      <dl>
        <dt>issuer</dt><dd>${issuer.map((one) => html`<div><code>${one}</code></div>`)}</dd>
        <dt>keys</dt><dd>${keys.length === 0 ? 'none yet: they are fetched with the first token' : keys.map(({ kid, kind }) => html`<div><code>${kid ?? '(no kid)'}</code> ${kind}</div>`)}</dd>
        <dt>age</dt><dd>${duration(status.ageMs)}, next refresh in ${duration(status.nextRefreshInMs)}</dd>
        <dt>requests</dt><dd>${status.requests} made, ${status.saved} saved</dd>
        ${lastError ? html`<dt>last error</dt><dd>${lastError.message}</dd>` : ''}
      </dl>
      ${[tryIt('whoami', provider, host, demo), tryIt('reports', provider, host, demo)]}
    </section>`
}

function tryIt(path: string, provider: string, host: string, demo: boolean): Html {
  const token = demo ? `$(curl -s ${host}/demo/token/${provider})` : '$TOKEN'
  return html`<p class="try"><code>curl -H "authorization: Bearer ${token}" ${host}/${path}</code> <button type="button">copy</button></p>`
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return '–'
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
}

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  section { border-top: 1px solid #8884; padding: .5rem 0 1rem }
  h2 { font-size: 1.1rem; margin: .5rem 0 } h2 span { font-size: .8rem; font-weight: normal; padding: .1rem .5rem; border-radius: 1rem; background: #8883 }
  .fresh { background: #2a92 !important; color: #197540 } .stale { background: #da03 !important } .expired { background: #d323 !important }
  @media (prefers-color-scheme: dark) { .fresh { color: #6ddc9b } }
  dl { display: grid; grid-template-columns: 6rem 1fr; margin: 0 } dd { margin: 0; overflow-wrap: anywhere } dt { opacity: .7 }
  .try { display: flex; gap: .5rem; align-items: start; margin: .5rem 0 0 } .try code { flex: 1; background: #8882; padding: .4rem .6rem; border-radius: .3rem; overflow-wrap: anywhere }
`

const SCRIPT = `
  for (const button of document.querySelectorAll('button')) button.onclick = async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent)
    button.textContent = 'copied'
    setTimeout(() => { button.textContent = 'copy' }, 1500)
  }
`
