/// Whether this build is optimised: recall over thousands of rows is too slow at -O0, and generic
/// code that is not specialised takes from the heap.
package let isOptimisedBuild: Bool = {
    var isDebug = false
    assert({ isDebug = true }() == ())
    return !isDebug
}()
