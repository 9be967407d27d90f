"""What every command's ``--json`` prints: the fields, and what they are."""

import json
from collections.abc import Mapping
from typing import Any

FIELDS: dict[str, dict[str, str]] = {
    "zkey info": {
        "name": "the file", "system": "groth16, plonk or fflonk", "curve": "of the key",
        "wires": "of the circuit, the constant 1 too",
        "public": "public signals", "domain_size": "of the transforms, a power of two",
        "coefficients": "entries of the circuit's matrices A and B",
        "contributions": "a list of names, in order; null for one without a name",
        "development": "whether its maker can forge proofs",
        "circuit_hash": "hex, what contributions were made for",
        "gates": "of PLONK and FFLONK, those of public signals too, without the padding",
        "additions": "sums that have a variable of their own there"},
    "zkey verify": {
        "valid": "whether it is what a ceremony makes of the circuit and the powers",
        "fault": "section and reason where it is not, else null",
        "circuit_hash": "hex, what the contributions are for; null of PLONK and FFLONK",
        "contributions": "a list, below; empty where it is not valid"},
    "zkey verify: contributions": {
        "name": "of its party, or null", "hash": "hex, by which the party finds it"},
    "r1cs info": {
        "name": "the file", "curve": "of the system", "wires": "the constant 1 too",
        "constraints": "how many", "public_outputs": "signals", "public_inputs": "signals",
        "private_inputs": "signals", "entries": "a list: those of A, B and C that are not zero"},
    "r1cs check": {
        "wires": "the constant 1 too", "constraints": "how many",
        "at_random": "whether it was checked at random values, without a witness",
        "determined": "whether no wire was found that the inputs do not determine",
        "loose": "a list: wires that can move while the inputs stay",
        "forgeries": "a list, below: second witnesses for the same inputs",
        "dependent": "a list: constraints of which one could go, at this witness"},
    "r1cs check: forgeries": {
        "wire": "that was given its other value", "changed": "a list: wires with another value"},
    "kzg commit": {
        "commitment": "hex, a compressed point of G1", "device": "--device",
        "cycles": "of the accelerator; 0 of cpu"},
    "kzg prove": {
        "commitment": "to the blob, hex", "at": "where its polynomial is opened, hex",
        "value": "there, hex", "proof": "hex, a compressed point of G1", "device": "--device",
        "cycles": "of the accelerator, for commitment and proof; 0 of cpu"},
    "kzg verify": {"valid": "whether commitment, value, blob or cells, and proofs agree"},
    "kzg setup": {
        "valid": "whether nothing is wrong", "problem": "what is wrong, or null",
        "device": "--device", "cycles": "of the accelerator; 0 of cpu"},
    "infer": {
        "model": "the file", "device": "--device", "samples": "how many",
        "outputs": "a list, below",
        "right": "how many of the digits are the greatest score; null for samples of your own",
        "differences": "integers that are not onnxruntime's, with --compare; else null",
        "cycles": "of the blocks, with another --device than cpu; else null",
        "blocks": "multiplier blocks that multiply, or null",
        "products": "multiply-accumulates of the model, or null",
        "memory_words": "words of weights that came from the accelerator's memory, or null",
        "memory_cycles": "that it takes for them at least, while the blocks wait, or null",
        "least_rows": "rows for which a weight has to be used so that the blocks take as long as "
                      "the memory, or null",
        "commands": "to the accelerator, or null",
        "memory_bound": "of them, that took longer for weights than to multiply, or null",
        "commitment": "to the input, of the proof, as text; null without --prove",
        "proof_seconds": "that the proof took, or null"},
    "infer: outputs": {
        "name": "in the model", "type": "of its integers: uint8, int8, or int64 of a place",
        "scale": "of its quantisation, or null", "zero_point": "of its quantisation, or null",
        "integers": "a list: of each sample, nested as the output's shape"},
    "model compile": {
        "model_hash": "SHA-256 of the model's file, hex", "circuit_hash": "of circuit.r1cs, hex",
        "verification_key_hash": "of verification_key.json, hex", "constraints": "how many",
        "wires": "the constant 1 too", "layers": "an object: constraints by part",
        "public": "a list: the names of the public signals, in order",
        "weights_commitment": "to private weights; null where they are constants"},
    "model train": {
        "kind": "of the network", "file": "that was written", "parameters": "of the model",
        "held_out": "samples that it was not trained with",
        "right_on_reals": "of them, by the model before it was quantised",
        "right_on_integers": "of them, by the quantised model"},
    "mine": {
        "blocks_asked": "--blocks", "blocks": "proven", "slots": "that passed",
        "finalized_epoch": "the last one", "proofs_made": "by this miner",
        "proofs_included": "in blocks",
        "proofs_rejected": "by the chain", "device": "that was asked for",
        "fallbacks": "proofs made on the CPU because the device failed",
        "device_failures": "of the device, in a proof or when it was tried again",
        "device_reopened": "times it answered again",
        "device_cycles": "of all proofs together; 0 for cpu",
        "device_sum_cycles": "of them for sums",
        "device_evaluation_cycles": "of them for A w and B w; 0 where these are this machine's",
        "device_transform_cycles": "of them for the scalars h; 0 where they are this machine's",
        "device_check_cycles": "of them for the device's own checks of its proofs",
        "msm_calls_on_device": "multi-scalar multiplications that the device computed",
        "msm_calls_total": "all of them", "layer1_gwei": "earned by staking",
        "layer2_gwei_matured": "earned by proving, in final blocks",
        "layer2_gwei_pending": "earned by proving, not final yet",
        "layer2_gwei_includer": "earned by including proofs, in final blocks",
        "execution": "\"embedded\", or the node's address",
        "contracts": "an object: the address of each",
        "proof_system": "of the block circuit's verifier, as the chain's registry names it",
        "verifier_number": "its number there",
        "ledger": "an object: what the contract of the ledger's coins holds in units, in_tree, "
                  "waiting and owed, proven_slot of the last batch that it has, and how many are "
                  "unproven; null on a node elsewhere", "reward_address": "who is paid",
        "balances_wei": "an object: what the contracts hold for the miner, as text",
        "interrupted": "whether a signal ended it", "seconds": "of the run",
        "failure": "why it ended early",
        "ai": "an object, below, with --ai",
        "market": "an object, as `proofmill market --json` prints it, with --ai",
        "delay": "an object, below, with --delay",
        "witnesses": "an object, below, with --witnesses",
        "certificates": "an object, below, but with --no-certificates, or with --execution and no "
                        "--certificates"},
    "mine: certificates": {
        "made": "of finality, and handed in",
        "justified_epoch": "the latest, by them alone", "final_epoch": "by them alone",
        "gwei_matured": "earned by them, in final blocks", "gwei_pending": "and not final yet",
        "epochs": "a list, below"},
    "mine: epochs": {
        "epoch": "whose checkpoint a certificate is for",
        "status": "waiting, pending, matured, lost or refused", "gwei": "its prover's"},
    "mine: witnesses": {
        "votes_told": "of more than half of a slot's witnesses, put into payloads",
        "votes_checked": "in payloads, once where they are built and once where they are taken",
        "checking_seconds": "that took together, by the clock"},
    "mine: delay": {
        "squarings": "of the delay function, one after the other",
        "evaluated": "mixes", "checked": "proofs of it, in payloads",
        "evaluating_seconds": "of all together, beside other work",
        "checking_seconds": "of all together"},
    "mine: ai": {
        "model": "--ai, or mlp", "orders": "of buyers", "results": "orders that were done in time",
        "results_late": "and late",
        "preempted": "how often a block proof took the place of a result",
        "seconds_sold": "in which the array computed results",
        "digits": "that were read", "right": "of them", "gwei": "that buyers paid",
        "block_proofs": "made on the array",
        "block_proofs_late": "not there within a slot's time, and without the wait for a tile they "
                             "would have been",
        "longest_wait_seconds": "of a block proof for the end of a tile"},
    "market": {
        "block": "of the chain, whose state the books are; null where there are no contracts",
        "proofs": "a list, below: jobs for proofs; null where their contract was not asked for",
        "results": "a list of the same: jobs for results of models; null as for proofs",
        "arrays": "a list, below; empty of a chain, which knows none"},
    "market: proofs": {
        "number": "of the job", "state": "open, locked, done or closed; of a result given and "
                                         "asked, too",
        "way": "locked, tagged, hidden or sealed; of a result proven or unproven",
        "of": "the number of its verifier, or of its model", "buyer": "an address",
        "seller": "an address, or null",
        "price": "wei, as text: what was paid, is locked, or is offered in this block; null for a "
                 "job that nobody was paid for",
        "collateral": "wei, as text, of who has locked it; else null",
        "deadline": "the last block for it",
        "until": "the last block of the lock, of the window of a result, or for its proof; null "
                 "where none runs"},
    "market: arrays": {
        "name": "whose it is", "orders": "that it looked at", "earned": "a list, below",
        "given_up": "a list, below",
        "matrices": "an object, below: what multiplied models' matrices in a node; else null",
        "proven": "an object, below: what made the sums of proofs that a node sold; else null"},
    "market: matrices": {
        "commands": "an object: how many by each device, by name; an empty name is the processor",
        "reason": "what is wrong with the devices that do not, each by name; empty for nothing"},
    "market: proven": {
        "proofs": "an object: how many by each device, by name; an empty name is the processor",
        "broken_off": "how often a sum was, for a block proof",
        "reason": "what is wrong with other devices, each by name; empty for nothing"},
    "market: earned": {
        "kind": "block proofs, other proofs or results", "done": "jobs, in time",
        "late": "jobs", "preempted": "how often another job took the place of one",
        "seconds": "of the array", "gwei": "earned, less what late jobs cost"},
    "market: given_up": {
        "job": "a name", "kind": "of it", "gwei_per_second": "of the array's time, after energy",
        "cause": "in short", "reason": "in a sentence"},
    "devnet": {
        "slots": "a list, below", "nodes": "a list, below",
        "empty_slots": "a list: those without a block in the chain",
        "finalized_epoch": "the last one",
        "agreed": "whether all living nodes have the same chain and ledger",
        "layer1_same": "whether layer 1 is as in a run without provers; null if not compared",
        "proofs": "made", "duplicates": "of a payload that another also proved",
        "minted_wei": "by the contract of rewards",
        "refused": "a list: what slashing protection stopped",
        "lost_slots": "a list: empty ones in which every node was there",
        "checks": "a list: what must hold of a run that was disturbed, and whether it does",
        "outages": "a list of sentences: who was away, and when",
        "certificates": "a list, below: of finality, that the chain has paid",
        "slashed_keys": "a list, below: companion keys whose bonds were taken",
        "light": "a list, below: of light nodes",
        "eras": "a list, below: of proven history, that full nodes have made",
        "seconds": "of the run",
        "market": "an object, as `proofmill market --json` prints it, with --market",
        "blobs": "a list, below: of nodes with validators, with --blobs"},
    "devnet: blobs": {
        "name": "of the node", "device": "what computes their commitments and proofs",
        "blocks": "with blobs, sent with all cells", "blobs": "in them",
        "cells": "of them, 128 each", "milliseconds": "of the device, chain time",
        "seconds": "that computing took here", "cycles": "of an accelerator",
        "longest_wait_ms": "for the end of the sum that a proof was at",
        "left_out": "blobs that could not have been there in time",
        "late": "payloads that waited for their cells for too long"},
    "devnet: certificates": {
        "epoch": "that is certified", "prover": "who is paid for the certificate",
        "prover_wei": "to it", "includer": "the validator whose block has it, or null",
        "includer_wei": "to that one", "including_slot": "of the block",
        "matured": "whether it is paid out"},
    "devnet: slashed_keys": {
        "validator": "whose key has signed twice",
        "reporter": "the validator whose block had the evidence, or null",
        "bounty_wei": "to that one's account", "burned_wei": "of the bond"},
    "devnet: light": {
        "name": "of the light node", "finalized_epoch": "that it knows to be final",
        "epochs": "in which it was compared with the specification",
        "false": "a list: epochs in which it held another final checkpoint",
        "behind": "a list: epochs in which it did not have the newest yet",
        "bytes_an_epoch": "a list: by how much its files grew in each",
        "bytes_on_disk": "of its files at the end, but for the last era's",
        "key_bytes": "of them, of the verification keys, which stay as they are",
        "refused": "a list of pairs: a peer, and why what it sent was not taken",
        "eras": "that it has taken", "proven_blocks": "from genesis on, by these",
        "ledger_root": "of the ledger after those blocks, as text",
        "ledger_false": "whether a full node has another one there",
        "era_bytes": "of the last era, which it keeps", "era_seconds": "of verifying all",
        "accounts": "that peers have shown it, as a full node has them, after those blocks",
        "accounts_asked": "for how many it was asked",
        "payloads": "that peers have shown it to be proven, as a full node has them",
        "payloads_asked": "how many of those asked for are among those blocks",
        "shown_false": "a list: what it believes of these and a full node does not"},
    "devnet: eras": {
        "first": "the number of its first block, from 0", "blocks": "that it has",
        "bytes": "of the era", "seconds": "that making and verifying it took"},
    "devnet: slots": {
        "slot": "its number", "primary": "the prover drawn first, or null",
        "committee": "a list of provers", "made": "a list: who made a proof",
        "winner": "who was paid, or null", "stage": "1 to 3; 0 if nobody was paid",
        "includer": "the node whose block has the proof, or null",
        "delay": "blocks until then", "reward_wei": "the prover's",
        "matured": "whether it is final", "missed": "a list: who pays for not proving",
        "invalid": "a list: who pays for a wrong proof"},
    "devnet: nodes": {
        "name": "of the node", "role": "staker, prover or both", "device": "what it proves on",
        "validators": "how many it has", "prover": "the validator it proves as, or null",
        "drawn": "times, as primary or in a committee", "proved": "proofs made",
        "paid": "proofs paid", "missed": "draws missed", "invalid": "wrong proofs",
        "layer1_gwei": "earned by staking", "layer2_matured_wei": "minted to it",
        "layer2_pending_wei": "included, not minted yet", "penalties_wei": "taken from its bond",
        "bounties_wei": "for showing others' wrong proofs",
        "dropped": "an object: peers it left, and why",
        "fetched": "blocks it had missed and got from peers", "dead": "how it ended; empty if not"},
    "doctor": {
        "right": "whether nothing is wrong", "findings": "a list, below"},
    "doctor: findings": {
        "check": "what was looked at", "verdict": "right, warning or wrong",
        "sentence": "what was found", "way_out": "what to do; empty where it is right"},
    "postmortem": {
        "job": "its name", "slot": "of its payload", "state": "its last",
        "verdict": "what it has come to", "events": "a list, below"},
    "postmortem: events": {
        "unix_seconds": "when", "chain_ms": "of chain time since the slot began",
        "own": "whether it is the job's, not the node's meanwhile", "sentence": "what happened"},
    "wallet send": {
        "transfer": "its hash, hex", "account": "it is from", "nonce": "it is signed for"},
    "wallet deposit": {
        "transaction": "its hash, hex", "account": "it is for, or null where one is opened",
        "amount": "units"},
    "wallet withdraw": {
        "step": "exit, force or claim",
        "names": "a list: the hash of the exit, or of the transactions, hex",
        "account": "it is from, or null of a claim", "amount": "units, or null where all is forced",
        "receiver": "the address on the chain"},
    "wallet balance": {
        "chain_id": "of the node's chain", "slot": "of its clock", "accounts": "a list, below",
        "coins": "an object: what the key's account on the chain has and what is on its way, as "
                 "the node's `proofmill_coins` says; null for a keystore without an address"},
    "wallet balance: accounts": {
        "account": "its number", "balance": "at the node's head", "nonce": "transfers made",
        "next_nonce": "behind those that wait", "spendable": "the balance, less what waits"},
    "study run": {
        "title": "of the study", "study_sha256": "of study and scenario", "points": "how many",
        "seeds": "of each point", "slots": "of each run", "results": "a list, below",
        "answer": "a sentence with figures and intervals, of a study that has one, or empty",
        "sensitivity": "a list, below: empty for a study of combinations",
        "files": "a list of paths: those written"},
    "study run: results": {
        "values": "a list: of the varied keys, in their order", "mechanism": "staged or race",
        "figure": "its name, as of simulate", "seeds": "in which it has a value",
        "mean": "over these seeds, or null", "lower": "end of the 95 % interval, or null",
        "upper": "end of the 95 % interval, or null"},
    "study run: sensitivity": {
        "mechanism": "staged or race", "figure": "its name", "key": "that was varied",
        "measure": "rank correlation; or first order, total: parts of the figure's variance",
        "value": "of the measure", "lower": "end of its 95 % interval",
        "upper": "end of its 95 % interval"},
    "study published": {"results": "a list, below"},
    "study published: results": {
        "source": "authors, title, where", "figure": "what it is of",
        "published": "there; for a formula, what it gives", "own": "here",
        "within": "by how much they may differ", "holds": "whether they do not"},
    "why": {
        "slot": "its number", "mix": "the RANDAO mix of the draw", "seed": "of the draw",
        "sentences": "a list, on the slot", "draws": "a list, below", "provers": "a list, below",
        "seed_of_chain": "--seed"},
    "why: draws": {
        "draw": "its place, primary first", "number": "that was drawn", "of": "so many",
        "prover": "whom it falls on"},
    "why: provers": {
        "prover": "its identity", "role": "primary, committee or none",
        "weight": "in the draw, gwei", "paid_gwei": "for the proof",
        "bounty_gwei": "for showing a wrong proof", "taken_gwei": "from its bond",
        "kept_back_gwei": "not paid yet", "sentences": "a list"},
    "ledger rebuild": {
        "contract": "its address", "chain_id": "that signatures name", "root": "of the ledger",
        "batches": "proven", "operations": "transfers and exits in them",
        "data_bytes": "that these took", "supply": "units of all accounts together",
        "accounts": "a list, below", "waiting": "a list, below: requests in no batch yet",
        "exits": "a list, below: those not paid out"},
    "ledger rebuild: accounts": {
        "number": "of the account", "x": "of its key, as text", "y": "the same",
        "balance": "units", "nonce": "transfers and exits made",
        "branch": "a list of numbers as text: what the contract's `escape` takes"},
    "ledger rebuild: waiting": {
        "place": "in the queue", "kind": "2 for an account to open, 3 for a credit, 4 for a forced "
                                         "exit", "number": "of the account", "amount": "units",
        "x": "of the key, as text", "y": "the same",
        "who": "the address that paid, or is paid"},
    "ledger rebuild: exits": {
        "batch": "its number", "place": "among the batch's exits", "receiver": "an address",
        "amount": "units", "branch": "a list of hashes: what the contract's `withdraw` takes"},
    "field": {
        "result": "the value, as text", "cycles": "of the field processor",
        "modulus": "--modulus", "device": "--device"},
    "field pairing": {
        "value": "a list: [re, im], as text, of the coefficients of 1, w, ..., w^5",
        "multiple": "the power of the usual pairing that it is, as text",
        "cycles": "of the wide processor, from the first word in to the last word out",
        "device": "--device"},
    "bench msm": {
        "device": "that computed", "curve": "its name",
        "group": "g1 or g2", "points": "how many",
        "scalars": "their kind", "bases": "the points' kind", "seed": "--seed",
        "seconds": "on this machine", "window": "bits",
        "sets": "windows that have buckets of their own", "copies": "of every point",
        "base": "of the digits, where it is no power of two", "passes": "over the scalars",
        "cycles": "recoding, filling and bucket sums", "digits": "that are not zero",
        "interval": "cycles from one addition to the next",
        "ratio": "cycles / (digits x interval)", "output": "cycles of handing out",
        "finish": "cycles of the combination on the chip", "additions": "how many",
        "adder_busy": "part of the cycles",
        "batched": "additions that were made in batches",
        "products_per_addition": "of these",
        "products_bar": "products an addition that are wanted at the most",
        "bar": "cycles that are", "additions_per_second": "on this machine",
        "counters": "an object: all that the accelerator counted",
        "dsp": "blocks of all multipliers, of AMD UltraScale+",
        "dsp_cycles": "blocks x cycles / additions", "dsp_cycles_bar": "wanted at the most",
        "computing_seconds": "cycles at the board's clock",
        "line_seconds": "at the line's rate", "line_bytes": "both ways"},
    "bench ratios": {
        "device": "that computed", "curve": "its name",
        "group": "g1 or g2", "points": "how many",
        "interval": "cycles from one addition to the next", "seeds": "how many",
        "ratios": "a list, below"},
    "bench ratios: ratios": {
        "scalars": "their kind", "bases": "the points' kind", "interval": "as above",
        "window": "bits", "sets": "windows that have buckets of their own",
        "copies": "of every point", "passes": "over the scalars", "cycles": "median over the seeds",
        "least": "ratio", "median": "ratio", "greatest": "ratio",
        "cycles_a_digit": "ratio x interval", "against": "the ratio over that of uniform scalars",
        "bar": "that is wanted of it at the most; null where nothing is"},
    "bench rivals": {
        "ways": "a list of ours, below", "published": "a list of others', below",
        "exact": "a list of what was simulated, below", "rtl": "a list of what was summed on the "
        "gateware, below", "bar": "DSP blocks times cycles for a "
        "point and window that are wanted at the most", "goal": "... and hoped for"},
    "bench rivals: ways": {
        "name": "how points are added", "gateware": "whether there is gateware of it",
        "products": "an addition", "dsp": "blocks, by the cost model", "power": "26: 2^26 points",
        "window": "bits", "windows": "of a scalar", "cycles_a_point": "by the model",
        "cycles_a_point_window": "by the model", "dsp_cycles": "blocks times these"},
    "bench rivals: published": {
        "name": "of the accelerator", "dsp": "blocks of all of it", "windows": "of a scalar",
        "cycles_a_point": "as published", "cycles_a_point_window": "from that",
        "sums": "whether bucket sums are in the cycles", "dsp_cycles": "blocks times these",
        "source": "where it is stated"},
    "bench rivals: exact": {
        "name": "how points are added", "power": "--exact", "window": "bits",
        "windows": "of a scalar", "cycles": "by simulating the control",
        "model_cycles": "by the model", "cycles_a_point_window": "simulated",
        "dsp_cycles": "blocks times these"},
    "bench rivals: rtl": {
        "name": "how points are added", "power": "--rtl", "window": "bits",
        "cycles": "of the sum on the gateware, which was right", "additions": "in them",
        "control_cycles": "of the same scalars by the control alone: as many"},
    "bench endomorphism": {
        "sums": "a list, below", "exact": "a list of what was simulated, below"},
    "bench endomorphism: sums": {
        "curve": "its name", "power": "2^power points of G1",
        "plain": "cycles of scalars as they are, without copies, by the model",
        "copies": "with a copy of each point beside it",
        "images": "of scalars in halves, the points' images stored as further points",
        "on_chip": "of them, if the chip made the images of points at no cost",
        "images_save": "part of the better of the first two that is saved",
        "on_chip_saves": "of the same"},
    "bench endomorphism: exact": {
        "curve": "its name", "power": "--exact", "plain": "cycles by simulating the control",
        "copies": "as above", "images": "as above"},
    "bench sim": {
        "rtl_additions_per_second": "median", "golden_additions_per_second": "median",
        "ratio": "of both", "cycles_per_second": "of the RTL, median", "points": "--points",
        "rounds": "of each"},
    "bench transforms": {
        "device": "--device", "sizes": "a list, below; empty without a device",
        "schedules": "by the model alone: a list, below"},
    "bench transforms: sizes": {
        "power": "of vectors of 2^power values", "cycles": "in which the accelerator computed",
        "moved": "cycles in which it moved values of tiles from its memory or to it",
        "products": "that it made", "products_a_cycle": "of both",
        "butterflies_a_cycle": "without the three products of a value beside them",
        "model_cycles": "by the model, of the standard multiplier",
        "bar": "cycles that it may take at most; null for sizes without one",
        "checked": "whether the values are the accelerator's, and were compared",
        "seconds": "on this machine, words in and out too"},
    "bench transforms: schedules": {
        "preset": "whose multiplier", "interval": "of the multiplier, in cycles",
        "power": "of vectors of 2^power values", "tile": "2^tile values are the most in place",
        "cycles": "in which products are made or waited for",
        "bar": "cycles that it may take at most; null where there is none",
        "least": "butterflies a slot that are wanted: in place of the stages, else of all slots; "
        "null where none are",
        "butterflies_a_slot": "without the three products of a value beside them",
        "stages_a_slot": "without tables of powers, too"},
    "bench batch": {
        "preset": "--preset", "curve": "--curve", "group": "--group", "multiplier": "its kind",
        "runs": "a list, below"},
    "bench batch: runs": {
        "kind": "distinct: pairs of two points; equal: of a point and itself",
        "power": "2^power pairs", "cycles": "from the first pair to the last sum",
        "cycles_an_addition": "a part of them", "products": "that the multiplier made",
        "products_an_addition": "a part of them",
        "bar": "products an addition that it may take at most; null where there is none",
        "batches": "each with one inversion", "under_way": "pairs, at most at once",
        "dsp": "blocks of the multiplier, of AMD UltraScale+",
        "dsp_cycles": "blocks times cycles an addition"},
    "bench evaluation": {
        "constraints": "rows of a matrix", "entries": "of both matrices, other than 0",
        "ones": "times 1", "minus_ones": "times -1", "products": "times anything else",
        "different": "coefficients among these",
        "nothing": "places between entries that are empty, to keep a row's apart",
        "cycles": "from the first entry to the last sum, by the model",
        "cycles_with_results": "to the last result",
        "entries_a_cycle": "of these cycles, the results left out",
        "bar": "entries a cycle that are wanted", "stream_bits": "of an entry's word",
        "program_words": "of the program that rtl+e holds", "phases": "an object: cycles there, as "
        "docs/link.md names them", "checked": "whether the sums are this machine's, all of them"},
    "bench pairing": {"seed": "--seed", "runs": "a list, below"},
    "bench pairing: runs": {
        "what": "pairing, or check: of a Groth16 proof",
        "multiplier": "its digit and limb, or karatsuba, or folded",
        "at_once": "how many are computed beside each other",
        "latency": "of the multiplier, in cycles", "interval": "of the multiplier, in cycles",
        "cycles": "from the first word in to the last word out; of several, one's share",
        "bar": "cycles that one may take at most",
        "chain": "cycles of the longest chain of operations",
        "products": "that the multiplier made",
        "sums": "that the adders made", "multiplier_busy": "part of the cycles",
        "adders_busy": "part of the cycles of all adders", "registers": "used, of all banks",
        "deepest_bank": "the most that one bank has", "store_bits": "of the program's words",
        "checked": "whether the pairing is the definition's; whether a right proof was found right "
                   "and a wrong one wrong"},
    "bench scale": {
        "points": "--points", "cycles": "that the accelerator takes for a task, by its cost model",
        "clock_hz": "at which the stand-ins wait for these", "bar": "of a run's busy",
        "runs": "a list, below", "kills": "an object, below; null without --kills",
        "takeover_seconds": "a list: from a worker's kill until another begins its task",
        "takeover_limit": "seconds: the lease and half a second",
        "proof": "an object, below; null without --power",
        "provers": "an object, below; null without --provers"},
    "bench scale: provers": {
        "provers": "--provers", "minutes": "--minutes", "piece_seconds": "--piece-seconds",
        "seed": "--seed", "kills": "of workers, node and server, copies of its store among them",
        "jobs": "that were begun", "tasks": "their pieces", "again": "pieces that more than one "
        "device began", "busy": "share of the time in which devices were at work, of that in which "
        "their machines were there", "lease_seconds": "after which a piece goes to another",
        "offers": "pieces that a killed worker had and that were offered again",
        "offered": "seconds at most from a worker's kill, or from the server's return where that "
        "came later, until its piece was there for whoever asks next",
        "handed": "seconds at most from a worker's kill until another had its piece, absences of "
        "the server included",
        "resumed": "seconds at most until another's device began it",
        "lost": "jobs that were never submitted", "wrong": "jobs with another result",
        "twice": "jobs that were submitted more than once",
        "server": "share of the time in which the queue's server was at work",
        "simulated_seconds": "in all", "processor_seconds": "that these took of a processor",
        "seconds": "that they took"},
    "bench scale: proof": {
        "constraints": "2^K - 2", "wires": "of the circuit", "key_bytes": "of the key's file",
        "workers": "processes", "piece": "--points", "pieces": "of the second proof",
        "answers": "of these, by worker", "device": "that the second proof names",
        "first_seconds": "of the first proof, for which workers fetch the key",
        "seconds": "of the second", "alone_seconds": "of the second by one process"},
    "bench scale: runs": {
        "workers": "how many", "tasks": "in all", "seconds": "from the first one handed in to the "
        "last answer in the book", "busy": "share of that time in which devices were at work",
        "overhead_milliseconds": "the rest, for each task"},
    "bench scale: kills": {
        "kills": "done: --kills, or fewer where nothing moved any more",
        "kills_of_worker": "of them", "kills_of_server": "of them",
        "kills_of_node": "of them", "kills_of_power": "of them: node and server, which go on from "
        "a copy of the store made a moment before", "jobs": "that were begun",
        "lost": "never submitted", "twice": "submitted more than once",
        "wrong": "submitted with another sum than the processor's", "seconds": "all of it"},
    "bench settlement": {
        "provers": "--provers", "committee": "its size", "penalties_a_block": "settled at most",
        "gas_limit": "of the protocol's call", "worst_gas": "of any call",
        "worst_done": "what that call did", "share": "of the limit",
        "calls": "a list, below"},
    "bench settlement: calls": {
        "slot": "of the block", "done": "what the call did", "gas": "that it used"},
    "bench simulate": {
        "provers": "--provers", "slots": "--slots", "seconds": "of the processor, for that run",
        "fewer_provers": "of the second run", "seconds_with_fewer_provers": "for it",
        "fewer_slots": "of the third run", "seconds_with_fewer_slots": "for it",
        "growth_in_provers": "the exponent e in seconds ~ provers^e; null for one prover",
        "growth_in_slots": "the same of slots",
        "peak_bytes": "of memory, of the process, at most",
        "defined_slots": "of the runs of the ledger and of its definition",
        "seconds_of_ledger": "of the processor, on that scenario",
        "seconds_of_definition": "the same of the ledger as it is defined",
        "times_as_fast": "one over the other", "same_amounts": "whether every amount is"},
    "bench soak": {
        "slots": "that passed", "simulated_hours": "of the chain's time", "seconds": "that it took",
        "seconds_a_slot": "of them", "finalized_epoch": "the last one",
        "blocks_proposed": "by the node", "proofs_accepted": "that a block pays for",
        "proofs_rejected": "jobs that were missed", "skipped_steps": "of the clock",
        "series": "a list, below", "warm_slots": "at whose beginning memory may grow",
        "least_bytes": "of the series after them", "most_bytes": "of the series after them",
        "growth": "most / least - 1",
        "flat": "whether all slots passed and that is at most 0.05",
        "restart_seconds": "until the node, begun once more, is at its head and listens",
        "restart_blocks": "that it has checked anew for that"},
    "bench soak: series": {"slot": "after which", "resident_bytes": "memory of the process"},
    "bench block": {"sizes": "a list, below"},
    "bench block: sizes": {
        "transfers": "places for signed transfers, all of them used", "accounts": "--accounts",
        "constraints": "of the circuit", "constraints_a_transfer": "a part of them for each",
        "domain": "of the transforms, a power of two", "zkey_bytes": "of the proving key's file",
        "compile_seconds": "of the circuit", "setup_seconds": "of the development key",
        "witness_seconds": "of one witness",
        "devices": "an object: for each device seconds of one proof, and cycles or null; where it "
                   "was left out both are null, and expected says how long it would take"},
    "bench certificate": {
        "device": "--device", "kinds": "a list, below: with companion keys",
        "post_quantum": "a list, below: with XMSS signatures"},
    "bench certificate: post_quantum": {
        "kind": "slot or epoch", "votes": "of as many voters",
        "prepare_seconds": "of the prover, once", "key_seconds": "of all keys, for 32 epochs each",
        "sign_seconds": "of all votes", "proof_seconds": "to aggregate them",
        "light_seconds": "for a light node to take it in, from its bytes on",
        "light_bytes": "by which that one's files have grown",
        "bytes": "of the certificate, keys and branches with it",
        "signature_bytes": "of one vote's signature"},
    "bench certificate: kinds": {
        "kind": "slot or epoch", "votes": "places, all of them used",
        "validators": "that the registry has places for", "constraints": "of the circuit",
        "domain": "of the transforms, a power of two", "public": "public signals",
        "zkey_bytes": "of the proving key's file", "compile_seconds": "of the circuit",
        "setup_seconds": "of the development key", "witness_seconds": "votes checked, and one made",
        "proof_seconds": "of one proof", "proof_processor_seconds": "the same, of all cores",
        "verify_seconds": "of its verification",
        "cycles": "of the proof, or null"},
    "bench history": {
        "proofs": "--proofs", "aggregate_bytes": "of the object that proves all of them",
        "era_bytes": "the same with their public signals",
        "single_bytes": "of the proofs themselves",
        "aggregate_seconds": "to make it, and to verify it once",
        "aggregate_processor_seconds": "the same, of all cores",
        "verify_seconds": "from its bytes to the verdict, the least of three",
        "verify_processor_seconds": "the same, of all cores",
        "single_verify_seconds": "of all proofs, one by one",
        "fits": "whether 1,024 are at most 30,000 bytes, verified in under 2 s; else true"},
    "bench light": {
        "epochs": "--epochs", "certificates": "that were made and taken in",
        "over_two": "of them to the epoch after the next, with a branch",
        "passed_over": "of them from a source of which there is no certificate",
        "signed": "of them with all signatures made and checked",
        "behind": "a list: epochs in which the final checkpoint was an older one than the "
                  "specification's",
        "false": "a list: epochs in which it was another", "disagreements": "of both together",
        "missing": "a list: epochs with something justified of which no certificate could be made",
        "attempts": "of the adversary: an object by their kind",
        "taken": "a list: of those, what changed anything",
        "events": "an object: missed_slots, forks, activated, exits, slashed, double_votes",
        "proofs": "made", "verified": "of those"},
    "history verify": {
        "valid": "whether every block has a proof, and the first root is --first-root",
        "reason": "why not, else empty", "blocks": "how many",
        "first_root": "the ledger's, before the first block, as text",
        "last_root": "after the last block, as text"},
    "light show": {
        "finalized_epoch": "of the final checkpoint", "finalized_root": "hex",
        "justified_epoch": "of the latest justified checkpoint", "justified_root": "hex",
        "registry": "by which the votes from there count, as text",
        "certificates": "a list: the epochs whose certificates are here",
        "bytes": "of all files of the node",
        "ledger_root": "of the ledger, where it follows that, as text",
        "proven_blocks": "after so many blocks, all of them proven",
        "eras": "that it has taken"},
    "light balance": {
        "account": "its number", "exists": "whether the ledger has it", "balance": "0 if not",
        "nonce": "transfers and exits made so far", "ledger_root": "to which it is shown, as text",
        "blocks": "proven, after which"},
    "light proven": {
        "block": "the payload's block hash, hex", "proven": "whether a peer has shown it",
        "place": "its number among the proven blocks, from 0, or null"},
    "bench prove": {
        "zkey": "the key", "provers": "an object: for each prover seconds, and of accelerators "
                                      "cycles, those among them of evaluation, of "
                                      "transforms and of its own check, sums: what each "
                                      "counted by name, words: to it and back, null in the round "
                                      "that loads a key, one_command: whether a proof is one, "
                                      "and with --line line_seconds, in which these keep the line "
                                      "busy; null for one that is not installed",
        "verify_seconds": "of one proof", "rounds": "--rounds"},
    "bench gates": {
        "system": "--system", "rounds": "--rounds", "results": "a list, below"},
    "bench gates: results": {
        "power": "the domain is 2^power",
        "proofmill": "an object: cpu_seconds, wall_seconds and peak_megabytes, the least of each",
        "snarkjs": "the same of snarkjs", "cpu_ratio": "ours over snarkjs'",
        "wall_ratio": "the same of wall time", "peak_ratio": "the same of memory"},
    "bench delay": {
        "squarings": "--squarings", "rounds": "--rounds", "seed": "--seed",
        "discriminant_bits": "of the class group", "proof_bytes": "of an output with its proof",
        "evaluate_seconds": "the least of the rounds", "check_seconds": "the same of the check",
        "squarings_per_second": "while it evaluates",
        "epoch_squarings": "an object: how many are three quarters of an epoch, by preset"},
    "bench systems": {
        "accounts": "--accounts", "transfers": "--transfers", "device": "--device",
        "systems": "a list, below"},
    "bench systems: systems": {
        "system": "groth16, plonk or fflonk", "constraints": "of the circuit, with short sums "
                                                             "where gates are made of it",
        "gates": "without the padding; null for groth16", "zkey_bytes": "of the key's file",
        "sums": "of a proof", "cycles": "of them on the device; null for one without",
        "expected_cycles": "of them on the preset standard by its cost model, were all scalars "
                           "random",
        "proof_bytes": "of a proof, as a chain has it",
        "gas": "of a transaction that verifies it by a contract"},
    "bench kzg": {
        "rounds": "--rounds", "threads": "--threads", "seed": "--seed", "results": "a list, below"},
    "bench matmul": {"results": "a list, below"},
    "bench matmul: results": {
        "array": "its blocks, and rows of them", "blocks": "how many",
        "size": "rows, terms and columns",
        "commands": "that it is cut to, as its memories have room", "cycles": "of all of them",
        "rate": "multiply-accumulates a block and cycle", "wanted": "at least, or null",
        "enough": "whether it is"},
    "bench kzg: results": {
        "function": "what is computed",
        "cpu_seconds": "an object: proofmill's and ckzg's, the least of the rounds",
        "wall_seconds": "the same of wall time", "cpu_ratio": "proofmill's over ckzg's",
        "wall_ratio": "the same of wall time"},
    "bench proving": {
        "peer": "the other program", "rounds": "--rounds",
        "threads": "of `proofmill prove`, or null for one a core", "memory": "--memory, or null",
        "results": "a list, below"},
    "bench proving: results": {
        "circuit": "poseidon, chain, mixed, or the file of --zkey",
        "power": "the domain is 2^power; null for poseidon and a file",
        "proofmill": "an object: cpu_seconds, wall_seconds and peak_megabytes, the least of each",
        "peer": "the same of the other program",
        "held": "the same of a proof by `proofmill serve`, after its first",
        "held_with_multiples": "the same of `proofmill serve --memory`",
        "held_cpu_ratio": "held over the peer's", "held_wall_ratio": "the same of wall time",
        "held_with_multiples_cpu_ratio": "the same with multiples",
        "held_with_multiples_wall_ratio": "the same of wall time",
        "cpu_ratio": "proofmill's over the peer's",
        "wall_ratio": "the same of wall time", "memory_ratio": "the same of peak memory"},
    "bench fuzz": {
        "inputs": "tried, every one answered", "seed": "--seed", "first": "--first",
        "every": "--every", "seconds": "of compiling and trying",
        "answers": "an object: how often a proof (fine) and each fault"},
    "bench setup": {
        "circuit": "--circuit", "power": "--power", "constraints": "of the circuit",
        "wires": "of the circuit", "key_megabytes": "of a key's file", "steps": "a list, below"},
    "bench setup: steps": {
        "step": "its name", "cpu_seconds": "on all cores together",
        "wall_seconds": "from start to end", "peak_megabytes": "of memory, mapped files too"},
    "explore": {
        "multiplier": "its kind", "multipliers": "how many",
        "multiplier_interval": "cycles from one pair of factors to the next", "digit": "bits",
        "limb": "bits", "depth": "of Karatsuba's formula, or null", "multiplier_latency": "cycles",
        "adders": "how many", "interval": "cycles from one addition to the next",
        "units": "mailbox units", "latency": "of the point adder, cycles", "window": "bits",
        "sets": "windows that have buckets of their own", "copies": "of every point",
        "passes": "over the scalars", "mailbox_bits": "2^N mailboxes", "dsp": "blocks",
        "memory_kbit": "for mailboxes", "register_bits": "how many",
        "additions_per_second_per_mhz": "complete additions", "cycles": "of the product",
        "cycles_are": "estimated or simulated", "seconds": "at --mhz", "name": "in a line",
        "parameters": "an object: every field of the accelerator's shape"},
    "simulate": {
        "title": "the scenario's", "slots": "that passed", "seed": "--seed",
        "staged": "an object: figures of the staged lottery", "race": "the same of the pure race",
        "work": "the same of the race of work", "rule": "the same of a rule of one's own",
        "attack_cost": "an object", "provers": "a list: each prover's wins, income, penalties "
                                               "and profit under each",
        "files": "a list: what was written"},
    "simulate market": {
        "hours": "--hours", "seed": "--seed", "operators": "a list, below",
        "files": "a list: what was written"},
    "simulate market: operators": {
        "name": "what it sells, and how", "late": "jobs that were not in time",
        "gwei": "earned, less what late jobs cost",
        "profit_gwei": "after the energy of the array's time",
        "kinds": "a list, of block proofs, other proofs and results: share of the array's time, "
                 "orders that came and were taken, late, gwei, how often another took its place",
        "given_up": "an object: orders, by the cause"},
    "attacks": {
        "attacks": "a list, below",
        "harms": "a list, below: attacks measured by their victim's loss, too",
        "best_play": "a list, below: the most that leaving blocks out for a better mix can bring",
        "may_pay": "a list: attacks that may pay in spite of their defence"},
    "attacks: attacks": {
        "attack": "its name", "what": "it does", "setting": "where it is played",
        "defence": "against it", "switches": "a list: parameters of the defence",
        "limit": "whether it is a known limit, without a defence", "seeds": "how many",
        "profit_gwei_per_slot": "an object: mean, lower and upper of the 95 % interval",
        "profit_without_defence_gwei_per_slot": "the same with the defence off",
        "best_play_gwei_per_slot": "at most, where it is known"},
    "attacks: best_play": {
        "share": "of stake, proposers and bonds", "proposals": "a slot, on layer 1 alone",
        "gain_of_layer_1": "over honest play, without layer 2, gwei a slot",
        "added_at_first_rho": "by layer 2 at its first rho, gwei a slot",
        "added_at_floor": "by layer 2 at the floor of rho, gwei a slot",
        "added_with_delay": "an object: by layer 2 at its first rho where its mixes go through a "
                            "delay function, gwei a slot, by the slots that this takes"},
    "attacks: harms": {
        "attack": "its name", "what": "it does", "setting": "where it is played",
        "defence": "against it", "switches": "a list: parameters of the defence",
        "seeds": "how many",
        "with_defence_gwei": "an object: gain of the attacker and loss of the victim, each with "
                             "mean, lower and upper of the 95 % interval",
        "without_defence_gwei": "the same with the defence off"},
}
"""By command, and for lists of records by command and field."""

SOMETIMES: dict[str, set[str]] = {
    "light show": {"ledger_root", "proven_blocks", "eras"},
    "zkey info": {"coefficients", "contributions", "development", "circuit_hash", "gates",
                  "additions"},
    "bench msm": {"window", "sets", "copies", "base", "passes", "cycles", "digits", "interval",
                  "ratio", "output", "finish", "additions", "adder_busy", "batched",
                  "products_per_addition", "products_bar", "bar", "additions_per_second",
                  "counters", "computing_seconds", "line_seconds", "line_bytes", "dsp",
                  "dsp_cycles", "dsp_cycles_bar"},
    "bench proving: results": {"held_with_multiples", "held_with_multiples_cpu_ratio",
                               "held_with_multiples_wall_ratio"},
    "attacks: attacks": {"profit_without_defence_gwei_per_slot", "best_play_gwei_per_slot"},
    "simulate": {"staged", "race", "work", "rule"},
    "mine": {"failure", "ai", "market", "delay", "witnesses", "certificates"},
    "devnet": {"market", "blobs"},
}
"""Fields that are not always there: of proof systems, accelerators, boards, options, attacks with a
defence, failures."""


def print_record(command: str, record: Mapping[str, Any]) -> None:
    """Print what `command` found as one line of JSON; its fields are those of `FIELDS`."""
    print(json.dumps(record), flush=True)
    _check(command, record)


def _check(name: str, record: Mapping[str, Any]) -> None:
    missing = FIELDS[name].keys() - record.keys() - SOMETIMES.get(name, set())
    more = record.keys() - FIELDS[name].keys()
    assert not missing and not more, f"{name}: without {missing}, and with {more}"
    for field, value in record.items():
        if (inner := f"{name}: {field}") in FIELDS:
            # One record, several, or null for none.
            for each in [value] if isinstance(value, Mapping) else value or ():
                _check(inner, each)


def markdown() -> str:
    """The tables of docs/commands.md."""
    lines = []
    for name, fields in FIELDS.items():
        command, _, field = name.partition(": ")
        lines += [f"### `proofmill {command}`" + (f", each of `{field}`" if field else ""), "",
                  "| field | what |", "|---|---|"]
        lines += [f"| `{each}` | {text}"
                  + (" (not always there)" if each in SOMETIMES.get(name, ()) else "") + " |"
                  for each, text in fields.items()]
        lines.append("")
    return "\n".join(lines)
