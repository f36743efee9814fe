package sim
import ("testing";"time";"os";"runtime/pprof";"runtime";"fmt")
func TestZMem(t *testing.T){
 s:=lan(400,1); s.For=5*time.Second
 r:=newRun(s); r.play(); runtime.GC()
 f,_:=os.Create("/tmp/hsim/mem.out"); pprof.WriteHeapProfile(f); f.Close()
 var ms runtime.MemStats; runtime.ReadMemStats(&ms); fmt.Println(ms.HeapAlloc/160000,"B per pair"); runtime.KeepAlive(r)
}
func TestZRapid(t *testing.T){
 for seed:=range uint64(3) {
 for _,f:=range []Fault{
  {Kind:Loss,In:1,For:20*time.Second,Pause:20*time.Second,Until:100*time.Second,Members:[]int{3,77}},
  {Kind:Loss,Out:1,For:20*time.Second,Pause:20*time.Second,Until:100*time.Second,Members:[]int{3,77}},
  {Kind:Loss,Out:0.8,Members:[]int{3,77}}, {Kind:Loss,In:0.8,Members:[]int{3,77}},{Kind:Loss,In:0.8,Out:0.8,Members:[]int{3,77}},
  {Kind:Cut,Members:[]int{3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39},To:[]int{50,51,52,53,54,55,56,57,58,59}},
 }{
  s:=lan(128,seed,f); s.For=150*time.Second
  rep,err:=s.Run(); fmt.Println(f.Kind,f.In,f.Out,f.For,err,asJSON(t,rep))
 }}
}
