module heartsay

go 1.26
