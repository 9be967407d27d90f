// Makes this folder's files with gnark: a circuit's proving key in gnark's three forms, its
// verification key, constraint system, solution and proof; and, with the argument `verify`, checks a
// proof that proofmill made with them. In a folder with this file alone:
//
//	go mod init vectors && go get github.com/consensys/gnark@v0.16.1 && go mod tidy
//	go run . && go run . verify mix.vk proof.bin
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"os"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/backend/witness"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/ronanh/intcomp"
)

var scalars = ecc.BN254.ScalarField()

// mix has hints, constraints with several terms and coefficients of many kinds, and more than 128
// instructions, so that their numbers are packed in both of the ways there are.
type mix struct {
	Out, Sum frontend.Variable `gnark:",public"`
	A, B     frontend.Variable
}

func (c *mix) Define(api frontend.API) error {
	bits := api.ToBinary(c.B, 4)
	x := api.Select(bits[0], c.A, c.B)
	for i := 0; i < 50; i++ {
		x = api.Add(api.Mul(x, api.Sub(x, 2*i)), api.IsZero(api.Sub(x, i)), -7)
		if i%16 == 5 {
			x = api.DivUnchecked(x, api.Add(c.A, i))
		}
	}
	api.AssertIsEqual(c.Out, api.Mul(x, 1<<40))
	api.AssertIsEqual(c.Sum, api.Add(c.A, c.B))
	return nil
}

// value is what the circuit computes of a and b, modulo r.
func value(a, b int64) *big.Int {
	x := big.NewInt(b)
	if b&1 == 1 {
		x = big.NewInt(a)
	}
	for i := int64(0); i < 50; i++ {
		zero := int64(0)
		if x.Cmp(big.NewInt(i)) == 0 {
			zero = 1
		}
		x.Mul(x, new(big.Int).Sub(x, big.NewInt(2*i)))
		x.Add(x, big.NewInt(zero-7)).Mod(x, scalars)
		if i%16 == 5 {
			x.Mul(x, new(big.Int).ModInverse(big.NewInt(a+i), scalars)).Mod(x, scalars)
		}
	}
	return x.Mul(x, big.NewInt(1<<40)).Mod(x, scalars)
}

// committed has a commitment to two wires, one of them public, and one to another wire, a public one
// and the first commitment.
type committed struct {
	X frontend.Variable `gnark:",public"`
	Y frontend.Variable
}

func (c *committed) Define(api frontend.API) error {
	square := api.Mul(c.Y, c.Y)
	first, err := api.(frontend.Committer).Commit(c.X, c.Y)
	if err != nil {
		return err
	}
	second, err := api.(frontend.Committer).Commit(square, c.X, first)
	if err != nil {
		return err
	}
	api.AssertIsDifferent(api.Mul(first, second), c.X)
	api.AssertIsEqual(square, c.X)
	return nil
}

func must[T any](result T, err error) T {
	if err != nil {
		panic(err)
	}
	return result
}

func put(name string, write func(*bytes.Buffer) error, keep bool) {
	var data bytes.Buffer
	if err := write(&data); err != nil {
		panic(err)
	}
	if keep {
		if err := os.WriteFile(name, data.Bytes(), 0o644); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%s: %d bytes, SHA-256 %x\n", name, data.Len(), sha256.Sum256(data.Bytes()))
}

func keys(name string, circuit frontend.Circuit) (constraint.ConstraintSystem, groth16.ProvingKey, groth16.VerifyingKey) {
	system := must(frontend.Compile(scalars, r1cs.NewBuilder, circuit))
	pk, vk, err := groth16.Setup(system)
	if err != nil {
		panic(err)
	}
	put(name+".pk", func(b *bytes.Buffer) error { _, err := pk.WriteTo(b); return err }, true)
	put(name+".pk.raw", func(b *bytes.Buffer) error { _, err := pk.WriteRawTo(b); return err }, false)
	put(name+".pk.dump", func(b *bytes.Buffer) error { return pk.WriteDump(b) }, false)
	put(name+".vk", func(b *bytes.Buffer) error { _, err := vk.WriteTo(b); return err }, true)
	put(name+".system", func(b *bytes.Buffer) error { _, err := system.WriteTo(b); return err }, true)
	return system, pk, vk
}

func proof(name string, system constraint.ConstraintSystem, pk groth16.ProvingKey, vk groth16.VerifyingKey, assignment frontend.Circuit) witness.Witness {
	full := must(frontend.NewWitness(assignment, scalars))
	made := must(groth16.Prove(system, pk, full))
	put(name+".proof", func(b *bytes.Buffer) error { _, err := made.WriteTo(b); return err }, true)
	if err := groth16.Verify(made, vk, must(full.Public())); err != nil {
		panic(err)
	}
	return full
}

func public(signals ...*big.Int) witness.Witness {
	return must(frontend.NewWitness(&mix{Out: signals[0], Sum: signals[1], A: 0, B: 0}, scalars, frontend.PublicOnly()))
}

// list has differences of every kind: none, small, negative and of 32 bits.
func list() (numbers []uint32) {
	for i := uint32(0); i < 600; i++ {
		kinds := []uint32{i * i * 2654435761, 7, 1000 + 3*i, 5000000 - i*i, (i & 1) << (i % 31)}
		numbers = append(numbers, kinds[i/64%5])
	}
	return
}

func main() {
	if len(os.Args) > 1 { // verify KEY PROOF
		vk, made := groth16.NewVerifyingKey(ecc.BN254), groth16.NewProof(ecc.BN254)
		must(vk.ReadFrom(must(os.Open(os.Args[2]))))
		must(made.ReadFrom(must(os.Open(os.Args[3]))))
		fmt.Println("gnark's verdict:", groth16.Verify(made, vk, public(value(11, 5), big.NewInt(16))))
		return
	}
	system, pk, vk := keys("mix", &mix{})
	out := value(11, 5)
	full := proof("mix", system, pk, vk, &mix{Out: out, Sum: 16, A: 11, B: 5})
	solution := must(system.Solve(full)).(*cs.R1CSSolution)
	put("mix.solution", func(b *bytes.Buffer) error { _, err := solution.WriteTo(b); return err }, true)
	fmt.Println("public:", out, 16)
	put("list.packed", func(b *bytes.Buffer) error {
		return binary.Write(b, binary.LittleEndian, intcomp.CompressUint32(list(), nil))
	}, true)
	system, pk, vk = keys("committed", &committed{})
	proof("committed", system, pk, vk, &committed{X: 49, Y: 7})
}
