/// The version of koomy that this is a part of.
public enum KoomyVersion {
    /// As `koomyd --version` and `koomyctl version` say it.
    public static let current = "0.1.0"
}
