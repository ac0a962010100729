/**
 * One RTCPeerConnection with one other session, by the perfect negotiation pattern (W3C webrtc-pc, section 10.7).
 * Its media lines never change: audio, camera, screen, in this order, filled and emptied with replaceTrack. So
 * the only later negotiation is an ICE restart.
 *
 * Emits "media" (tracks came), "state" (connection state), "failed" (give up, make a new peer).
 */
import { Emitter } from "../emitter.js";

const LINES = [
  ["audio", "audio"],
  ["camera", "video"],
  ["screen", "video"],
];
const BATCH_MS = 40;
const RESTART_AFTER_MS = 4000;
const GIVE_UP_MS = 12_000;
const MAX_BITRATE = { camera: 1_200_000, screen: 2_500_000 };

export class Peer extends Emitter {
  #pc;
  #send;
  #isPolite;
  #isMaker;
  #makingOffer = false;
  #ignoresOffer = false;
  #found = [];
  #batchTimer;
  #restartTimer;
  #giveUpTimer;
  #early = []; // candidates that came before their description
  #tracks;
  #isClosed = false;

  /**
   * @param {{call: string, isMaker: boolean, isPolite: boolean, iceServers: RTCIceServer[], tracks: Record<string, MediaStreamTrack|null>,
   *   send: (type: string, data: any) => void}} how  `isMaker`: this side made the call and lays out its media lines
   */
  constructor({ call, isMaker, isPolite, iceServers, tracks, send }) {
    super();
    this.call = call;
    this.#isMaker = isMaker;
    this.#isPolite = isPolite;
    this.#tracks = { ...tracks };
    this.#send = (type, data) => send(type, { call, ...data });
    this.#pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.#pc.onnegotiationneeded = () => void this.#offer();
    this.#pc.onicecandidate = ({ candidate }) => this.#foundCandidate(candidate);
    this.#pc.onconnectionstatechange = () => this.#stateChanged();
    this.#giveUpTimer = setTimeout(() => this.emit("failed"), GIVE_UP_MS);
    if (isMaker) for (const [name, kind] of LINES) void this.#fill(this.#pc.addTransceiver(kind, { direction: "sendrecv" }), name);
  }

  get state() {
    return this.#pc.connectionState;
  }

  /** An offer of ours is on its way, unanswered. */
  get isOffering() {
    return this.#makingOffer || this.#pc.signalingState === "have-local-offer";
  }

  /** @param {"audio"|"camera"|"screen"} name */
  async replaceTrack(name, track) {
    this.#tracks[name] = track;
    const line = this.#line(name);
    if (line) await this.#fill(line, name);
  }

  /** What the other side sends on a line; a muted track until something comes. */
  remoteTrack(name) {
    return this.#line(name)?.receiver.track ?? null;
  }

  /** @returns {RTCRtpReceiver|undefined} */
  receiver(name) {
    return this.#line(name)?.receiver;
  }

  stats() {
    return this.#pc.getStats();
  }

  /** @returns {Promise<boolean>} false: the offer lost against ours and was ignored */
  async onOffer({ sdp }) {
    this.#ignoresOffer = !this.#isPolite && (this.#makingOffer || this.#pc.signalingState !== "stable");
    if (this.#ignoresOffer) return false;
    await this.#pc.setRemoteDescription({ type: "offer", sdp }); // rolls our own offer back where there is one
    if (!this.#isMaker) await this.#adoptLines();
    await this.#pc.setLocalDescription();
    this.#send("signal.answer", { sdp: this.#pc.localDescription.sdp });
    await this.#addEarly();
    this.emit("media");
    return true;
  }

  async onAnswer({ sdp }) {
    if (this.#pc.signalingState !== "have-local-offer") return; // the answer to an offer sent twice
    await this.#pc.setRemoteDescription({ type: "answer", sdp });
    await this.#addEarly();
    this.emit("media");
  }

  async onCandidates({ candidates }) {
    if (!this.#pc.remoteDescription) return void this.#early.push(...candidates);
    for (const candidate of candidates) {
      try {
        await this.#pc.addIceCandidate(candidate);
      } catch (error) {
        if (!this.#ignoresOffer) console.warn("candidate refused", error.message);
      }
    }
  }

  /** Something may have got lost while we were not connected to the server: say it again, or find a new way. */
  heal() {
    if (this.#isClosed || this.state === "connected") return;
    if (this.#pc.signalingState === "have-local-offer") this.resendOffer();
    else this.restart();
  }

  resendOffer() {
    const { localDescription } = this.#pc;
    if (localDescription?.type === "offer") this.#send("signal.offer", { sdp: localDescription.sdp });
  }

  /** A new way through the network. The side that made the call offers; the other asks it to. */
  restart() {
    if (this.#isClosed) return;
    if (this.#isMaker) this.#pc.restartIce();
    else this.#send("signal.renegotiate", {});
  }

  close() {
    this.#isClosed = true;
    for (const timer of [this.#batchTimer, this.#restartTimer, this.#giveUpTimer]) clearTimeout(timer);
    this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  async #offer() {
    if (!this.#isMaker && !this.#pc.remoteDescription) return;
    try {
      this.#makingOffer = true;
      await this.#pc.setLocalDescription();
      if (this.#pc.localDescription?.type === "offer") this.#send("signal.offer", { sdp: this.#pc.localDescription.sdp });
    } catch (error) {
      if (!this.#isClosed) console.warn("no offer could be made", error.message);
    } finally {
      this.#makingOffer = false;
    }
  }

  async #adoptLines() {
    for (const [index, [name]] of LINES.entries()) {
      const line = this.#pc.getTransceivers()[index];
      if (!line || line.direction === "sendrecv") continue;
      line.direction = "sendrecv";
      await this.#fill(line, name);
    }
  }

  #line(name) {
    return this.#pc.getTransceivers()[LINES.findIndex(([known]) => known === name)];
  }

  async #fill(line, name) {
    try {
      await line.sender.replaceTrack(this.#tracks[name] ?? null);
      const parameters = line.sender.getParameters();
      if (MAX_BITRATE[name] && parameters.encodings?.length) {
        parameters.encodings[0].maxBitrate = MAX_BITRATE[name];
        await line.sender.setParameters(parameters);
      }
    } catch (error) {
      if (!this.#isClosed) console.warn(`the ${name} line could not be changed`, error.message);
    }
  }

  async #addEarly() {
    const early = this.#early.splice(0);
    if (early.length > 0) await this.onCandidates({ candidates: early });
  }

  #foundCandidate(candidate) {
    if (candidate?.candidate) this.#found.push(candidate.toJSON());
    clearTimeout(this.#batchTimer);
    if (candidate === null) this.#sendCandidates(true);
    else this.#batchTimer = setTimeout(() => this.#sendCandidates(false), BATCH_MS);
  }

  #sendCandidates(isFinal) {
    const candidates = this.#found.splice(0, 64);
    if (candidates.length > 0) this.#send("signal.candidates", { candidates, ...(isFinal ? { final: true } : {}) });
    if (this.#found.length > 0) this.#sendCandidates(isFinal);
  }

  #stateChanged() {
    clearTimeout(this.#restartTimer);
    if (this.state === "connected") clearTimeout(this.#giveUpTimer);
    if (this.state === "failed") this.#tryAgain();
    if (this.state === "disconnected") this.#restartTimer = setTimeout(() => this.#tryAgain(), RESTART_AFTER_MS);
    this.emit("state", this.state);
  }

  #tryAgain() {
    this.restart();
    clearTimeout(this.#giveUpTimer);
    this.#giveUpTimer = setTimeout(() => this.emit("failed"), GIVE_UP_MS);
  }
}
