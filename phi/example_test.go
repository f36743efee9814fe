package phi_test

import (
	"fmt"

	"heartsay/phi"
)

// The same silence, judged by each family with the same mean and standard deviation (all in intervals).
func ExampleFamily() {
	usual := phi.Summary{Mean: 5.8, StdDev: 0.9}
	for _, f := range []phi.Family{phi.Exponential(), phi.Logistic(), phi.Normal()} {
		fmt.Printf("%-11s a silence of 10 has phi %4.1f, phi 8 takes a silence of %4.1f\n",
			f.Name(), f.Phi(10, usual), f.Wait(8, usual))
	}
	// Output:
	// exponential a silence of 10 has phi  0.7, phi 8 takes a silence of 106.8
	// logistic    a silence of 10 has phi  3.7, phi 8 takes a silence of 14.9
	// normal      a silence of 10 has phi  5.8, phi 8 takes a silence of 10.9
}

// A model learns from the waits of all members. It tells how long a silence has to be for a suspicion of 8.
func ExampleModel() {
	m := phi.NewModel(phi.Measured())
	m.SetPrior(phi.Summary{Mean: 5, StdDev: 1}, 100)
	fmt.Printf("at first phi 8 takes a silence of %.0f intervals\n", m.Wait(8, &phi.MemberStats{}))
	for i := range 10_000 {
		m.Add(4.5 + float64(i*i%100)/100)
	}
	fmt.Printf("once no wait is seen to be longer than %.1f, of %.0f\n", 5.5, m.Wait(8, &phi.MemberStats{}))
	// Output:
	// at first phi 8 takes a silence of 19 intervals
	// once no wait is seen to be longer than 5.5, of 6
}
