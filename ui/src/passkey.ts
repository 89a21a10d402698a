// Passkeys. A form that has one asks the site for a challenge, lets the browser
// answer it, and sends the answer as any form does.

interface Challenge { id: string; options: Record<string, any> }

// Only newer browsers turn base64url into bytes and back by themselves.
const bytes = (text: string) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const text = (b: ArrayBuffer | null | undefined) => b ? btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '') : undefined;

const listed = (list: any[] | undefined) => list?.map((c) => ({ ...c, id: bytes(c.id) }));

async function create(o: Record<string, any>) {
  const publicKey = { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: listed(o.excludeCredentials) } as unknown as PublicKeyCredentialCreationOptions;
  const made = await navigator.credentials.create({ publicKey }) as PublicKeyCredential;
  const r = made.response as AuthenticatorAttestationResponse;
  return { id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: made.getClientExtensionResults(), authenticatorAttachment: made.authenticatorAttachment ?? undefined,
    response: { clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject), transports: r.getTransports?.() ?? [] } };
}

async function get(o: Record<string, any>) {
  const publicKey = { ...o, challenge: bytes(o.challenge), allowCredentials: listed(o.allowCredentials) } as unknown as PublicKeyCredentialRequestOptions;
  const given = await navigator.credentials.get({ publicKey }) as PublicKeyCredential;
  const r = given.response as AuthenticatorAssertionResponse;
  return { id: given.id, rawId: text(given.rawId), type: given.type, clientExtensionResults: given.getClientExtensionResults(), authenticatorAttachment: given.authenticatorAttachment ?? undefined,
    response: { clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: text(r.userHandle) } };
}

// why says in words what the browser gives as a name.
function why(e: unknown): string {
  switch (e instanceof Error ? e.name : '') {
    case 'NotAllowedError': return 'No passkey was given. Try again when you have it at hand.';
    case 'InvalidStateError': return 'This device has a passkey for your account already.';
    case 'SecurityError': return `Passkeys do not work at this address. Open the site at the address that its administrator gave you.`;
  }
  return 'The passkey did not work. Reload the page and try again.';
}

async function ask(form: HTMLFormElement) {
  const say = form.querySelector<HTMLElement>('[role=status]')!;
  const button = form.querySelector('button')!;
  say.textContent = '';
  button.disabled = true;
  try {
    const r = await fetch(form.dataset.begin!, { method: 'POST', headers: { 'X-Part': 'passkey' } });
    if (!r.ok) throw new Error('refused');
    const c: Challenge = await r.json();
    const answer = form.dataset.passkey === 'create' ? await create(c.options) : await get(c.options);
    (form.elements.namedItem('id') as HTMLInputElement).value = c.id;
    (form.elements.namedItem('answer') as HTMLInputElement).value = JSON.stringify(answer);
    form.submit();
  } catch (e) {
    say.textContent = why(e);
    button.disabled = false;
  }
}

if ('credentials' in navigator && 'PublicKeyCredential' in window) {
  document.documentElement.classList.add('keys');
  document.addEventListener('submit', (e) => {
    const form = e.target as HTMLFormElement;
    if (!form.dataset.passkey) return;
    e.preventDefault();
    void ask(form);
  });
}
