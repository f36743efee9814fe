package phi_test

import (
	"fmt"

	"heartsay/phi"
)

// The same silence, judged by each family with the same mean and standard deviation (all in intervals).
func ExampleFamily() {
	usual := phi.Summary{Mean: 5.8, StdDev: 0.9}
	for _, name := range phi.Names() {
		f, err := phi.ByName(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%-11s a silence of 10 has phi %4.1f, phi 8 takes a silence of %4.1f\n",
			f.Name(), f.Phi(10, usual), f.Wait(8, usual))
	}
	// Output:
	// exponential a silence of 10 has phi  0.7, phi 8 takes a silence of 106.8
	// logistic    a silence of 10 has phi  3.7, phi 8 takes a silence of 14.9
	// normal      a silence of 10 has phi  5.8, phi 8 takes a silence of 10.9
}

// What one member's window has learned, with a prior that counts as ten waits.
func ExampleWindow() {
	prior := phi.Summary{Mean: 5, StdDev: 1}
	var w phi.Window
	for _, wait := range []float64{5.5, 6.5, 5.25, 7.75, 6} {
		w.Add(wait)
	}
	s := w.Moments().Plus(prior.Weighted(10)).Summary()
	fmt.Printf("%d waits seen, mean %.2f, standard deviation %.2f\n", w.Len(), s.Mean, s.StdDev)
	// Output: 5 waits seen, mean 5.40, standard deviation 1.12
}
